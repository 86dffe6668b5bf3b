package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// largest is the most that people should have to pull.
const largest = 40e6

const checkout = "../.."

// real builds lostorder itself once for all tests.
func real(t *testing.T, args ...string) (archive, printed string) {
	t.Helper()
	archive = filepath.Join(t.TempDir(), "lostorder.oci.tar")
	var out bytes.Buffer
	args = append([]string{"--source=" + checkout, "--output=" + archive}, args...)
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	return archive, out.String()
}

func TestTwoBuildsOfOneCommitAreTheSameBytes(t *testing.T) {
	first, printed := real(t, "--platform=linux/amd64")
	second, again := real(t, "--platform=linux/amd64")
	a, b := read(t, first), read(t, second)
	if !bytes.Equal(a, b) {
		t.Errorf("two archives differ:\n%s%s", printed, again)
	}
	if len(a) > largest {
		t.Errorf("the archive has %d bytes", len(a))
	}
	if ok := regexp.MustCompile(`(?s)^ghcr\.io/lostorder/lostorder:\S+@sha256:[0-9a-f]{64}\n[0-9a-f]{64}  \S+ \([0-9.]+ MB\)\n$`).MatchString(printed); !ok {
		t.Errorf("printed %q", printed)
	}
	t.Run("the program starts from scratch, without root", func(t *testing.T) { startsFromScratch(t) })
}

// startsFromScratch runs the program with nothing but the files of the image.
func startsFromScratch(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may change the root folder")
	}
	root := t.TempDir()
	if err := run(t.Context(), []string{"--source=" + checkout, "--platform=linux/amd64", "--rootfs=" + root}, io.Discard); err != nil {
		t.Fatal(err)
	}
	for dir := root; dir != "/" && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := "databases: [{name: shop, url: 'postgres://db/shop', time_zone: America/Sao_Paulo}]\n" +
		"outboxes: [{name: orders, database: shop, table: outbox, columns: {published_at: published_at, created_at: created_at}}]\n"
	if err := os.WriteFile(filepath.Join(root, "etc/lostorder/lostorder.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/lostorder", "run", "--config.check")
	cmd.Dir = "/etc/lostorder"
	cmd.Env = []string{}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "lostorder.yml is valid; targets: 1\n" {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestImageHasOneProgramForEachPlatform(t *testing.T) {
	b := build{version: "v1.2.3+build", revision: "abc"}
	var parts []part
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	for arch := range machines {
		parts = append(parts, part{"linux/" + arch, tiny(t, arch)})
	}
	index, err := assemble(b, parts)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != len(machines) {
		t.Fatalf("%v: %+v", err, manifest)
	}
	for _, m := range manifest.Manifests {
		arch := m.Platform.Architecture
		image, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Architecture != arch || config.OS != "linux" || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/lostorder" {
			t.Errorf("%s: config %+v", arch, config)
		}
		for label, want := range map[string]string{"version": "v1.2.3+build", "revision": "abc", "licenses": "Apache-2.0"} {
			if got := config.Config.Labels["org.opencontainers.image."+label]; got != want {
				t.Errorf("%s: label %s is %q, not %q", arch, label, got, want)
			}
		}
		files := contents(t, image)
		program, err := elf.NewFile(bytes.NewReader(files["lostorder"]))
		if err != nil || program.Machine != machines[arch] {
			t.Errorf("%s: the program is for %v (%v)", arch, program, err)
		}
		if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
			t.Errorf("%s: the program is not static: %v %v", arch, libraries, err)
		}
		if n := certificates(t, files["etc/ssl/certs/ca-certificates.crt"]); n < 100 {
			t.Errorf("%s: %d authorities", arch, n)
		}
	}
	if tag := b.tag(); tag != "1.2.3_build" {
		t.Errorf("tag %q", tag)
	}
}

func TestPushedImageIsWhatTheRegistryHas(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	index, err := assemble(build{version: "v1.2.3"}, []part{{"linux/amd64", tiny(t, "amd64")}})
	if err != nil {
		t.Fatal(err)
	}
	ref := strings.TrimPrefix(server.URL, "http://") + "/shop/lostorder:1.2.3"
	if err := pushIndex(t.Context(), index, ref, io.Discard); err != nil {
		t.Fatal(err)
	}
	tag, err := name.NewTag(ref)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(pushed); err != nil {
		t.Error(err)
	}
	got, _ := pushed.Digest()
	if want, _ := index.Digest(); got != want {
		t.Errorf("pushed %s, registry has %s", want, got)
	}
}

func TestWrongPlatformSaysHowToWriteOne(t *testing.T) {
	err := run(context.Background(), []string{"--source=" + checkout, "--version=v1", "--platform=amd64"}, io.Discard)
	if err == nil || err.Error() != `platform "amd64": write it as linux/amd64` {
		t.Error(err)
	}
}

// tiny compiles a program of one line: what the image does with it is what it does with lostorder.
func tiny(t *testing.T, arch string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module tiny\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", "tiny", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "tiny")
}

func contents(t *testing.T, image v1.Image) map[string][]byte {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%v: %d layers", err, len(layers))
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if header.Uname != "" || header.Mode&0o7000 != 0 && header.Name != "tmp/" {
			t.Errorf("%s: owner %q, mode %o", header.Name, header.Uname, header.Mode)
		}
		files[header.Name] = body
	}
}

func certificates(t *testing.T, text []byte) (n int) {
	t.Helper()
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			t.Error(fmt.Errorf("certificate %d: %w", n, err))
		}
		n++
	}
	return n
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
