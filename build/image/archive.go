package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// archive writes an image as an OCI archive, which ctr, podman, skopeo and docker load.
func archive(index v1.ImageIndex, ref, output string, at time.Time, stdout io.Writer) error {
	digest, err := index.Digest()
	if err != nil {
		return fmt.Errorf("compute the digest: %w", err)
	}
	dir, err := os.MkdirTemp("", "lostorder-layout-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write the layout: %w", err)
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		return fmt.Errorf("name the image: %w", err)
	}
	err = path.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          tag.Name(),
		"org.opencontainers.image.ref.name": tag.TagStr(),
	}))
	if err != nil {
		return fmt.Errorf("write the layout: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return fmt.Errorf("make the folder of the archive: %w", err)
	}
	sum, size, err := pack(dir, output, at)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s@%s\n%x  %s (%.1f MB)\n", ref, digest, sum, output, float64(size)/1e6)
	return nil
}

// pack writes the files of a folder, in the order of their names, into a tar file.
func pack(dir, output string, at time.Time) (sum []byte, size int64, err error) {
	out, err := os.Create(output)
	if err != nil {
		return nil, 0, fmt.Errorf("create the archive: %w", err)
	}
	defer func() { _ = out.Close() }()
	hash := sha256.New()
	t := tar.NewWriter(io.MultiWriter(out, hash))
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		header := tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Size: int64(len(body)), Mode: 0o644, ModTime: at, Format: tar.FormatPAX}
		if err := t.WriteHeader(&header); err != nil {
			return err
		}
		_, err = t.Write(body)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("write the archive: %w", err)
	}
	if err := t.Close(); err != nil {
		return nil, 0, fmt.Errorf("write the archive: %w", err)
	}
	info, err := out.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("read the size of the archive: %w", err)
	}
	return hash.Sum(nil), info.Size(), out.Close()
}

// pushIndex pushes an image to its registry, with the credentials that docker login or a workflow left.
func pushIndex(ctx context.Context, index v1.ImageIndex, ref string, stdout io.Writer) error {
	tag, err := name.NewTag(ref)
	if err != nil {
		return fmt.Errorf("name the image: %w", err)
	}
	if err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("push %s: %w", tag.Name(), err)
	}
	digest, err := index.Digest()
	if err != nil {
		return fmt.Errorf("compute the digest: %w", err)
	}
	fmt.Fprintf(stdout, "pushed %s@%s\n", tag.Name(), digest)
	return nil
}
