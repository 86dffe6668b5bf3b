package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// part is the program for one platform.
type part struct{ platform, program string }

// assemble makes one image for each part and the index that names them.
func assemble(b build, parts []part) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range parts {
		image, err := b.image(p)
		if err != nil {
			return nil, fmt.Errorf("make the image for %s: %w", p.platform, err)
		}
		system, arch, _ := strings.Cut(p.platform, "/")
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: system, Architecture: arch}},
		})
	}
	return mutate.Annotations(index, b.labels()).(v1.ImageIndex), nil
}

func (b build) image(p part) (v1.Image, error) {
	all, err := files(p.program)
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	if err := writeTar(&content, all, b.at); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("make the layer: %w", err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{
		CreatedBy: "build/image", Comment: "the program and the certificates of public authorities", Created: v1.Time{Time: b.at},
	}})
	if err != nil {
		return nil, fmt.Errorf("append the layer: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, _ = strings.Cut(p.platform, "/")
	config.Created = v1.Time{Time: b.at}
	config.Config = v1.Config{
		User:         fmt.Sprintf("%d:%d", user, user),
		Entrypoint:   []string{"/lostorder"},
		WorkingDir:   "/etc/lostorder", // where lostorder.yml is found without a flag
		ExposedPorts: map[string]struct{}{"10404/tcp": {}},
		Env:          []string{"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		Labels:       b.labels(),
	}
	image, err = mutate.ConfigFile(image, config)
	if err != nil {
		return nil, fmt.Errorf("set the config: %w", err)
	}
	return image, nil
}

// labels are the standard annotations of OCI images.
func (b build) labels() map[string]string {
	const prefix = "org.opencontainers.image."
	return map[string]string{
		prefix + "title":         "lostorder",
		prefix + "description":   "Reports which orders are being lost in microservices and queues, why, and since when. It only reads.",
		prefix + "url":           "https://github.com/lostorder/lostorder",
		prefix + "source":        "https://github.com/lostorder/lostorder",
		prefix + "documentation": "https://github.com/lostorder/lostorder#readme",
		prefix + "licenses":      "Apache-2.0",
		prefix + "vendor":        "lostorder",
		prefix + "version":       b.version,
		prefix + "revision":      b.revision,
		prefix + "created":       b.at.Format(time.RFC3339),
	}
}
