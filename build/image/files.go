package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user owns what lostorder writes and runs it. 65532 is the number that images without root usually have.
const user = 65532

// file is one file or folder of the image.
type file struct {
	path  string
	mode  int64
	owner int
	body  []byte // nil in a folder
}

// files are the files of the image, folders before what is in them. Time zones are
// in the program.
func files(program string) ([]file, error) {
	body, err := os.ReadFile(program)
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	return []file{
		{path: "etc/", mode: 0o755},
		{path: "etc/group", mode: 0o644, body: fmt.Appendf(nil, "root:x:0:\nlostorder:x:%d:\n", user)},
		{path: "etc/lostorder/", mode: 0o755},
		{path: "etc/passwd", mode: 0o644, body: fmt.Appendf(nil,
			"root:x:0:0:root:/:/sbin/nologin\nlostorder:x:%d:%d:lostorder:/var/lib/lostorder:/sbin/nologin\n", user, user)},
		{path: "etc/ssl/", mode: 0o755},
		{path: "etc/ssl/certs/", mode: 0o755},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, body: authorities()},
		{path: "lostorder", mode: 0o755, body: body},
		{path: "tmp/", mode: 0o1777},
		{path: "var/", mode: 0o755},
		{path: "var/lib/", mode: 0o755},
		{path: "var/lib/lostorder/", mode: 0o750, owner: user},
	}, nil
}

// authorities are the certificates of public authorities, as Mozilla trusts them. A
// certificate that is trusted only under a constraint is left out, because a PEM
// file cannot hold the constraint.
func authorities() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory, which does not fail
		}
	}
	return out.Bytes()
}

// writeTar writes files as one layer. Every time in it is that of the commit.
func writeTar(w io.Writer, files []file, at time.Time) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		header := tar.Header{
			Typeflag: tar.TypeReg, Name: f.path, Size: int64(len(f.body)), Mode: f.mode,
			Uid: f.owner, Gid: f.owner, ModTime: at, Format: tar.FormatPAX,
		}
		if f.body == nil {
			header.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(&header); err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
		if _, err := t.Write(f.body); err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
	}
	return t.Close()
}

// writeFiles writes the files of the image into a folder, for the Dockerfile.
func writeFiles(dir, program string) error {
	all, err := files(program)
	if err != nil {
		return err
	}
	for _, f := range all {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		if f.body == nil {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, f.body, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", f.path, err)
		}
		mode := os.FileMode(f.mode & 0o777)
		if f.mode&0o1000 != 0 {
			mode |= os.ModeSticky
		}
		if err := os.Chmod(path, mode); err != nil {
			return fmt.Errorf("set the mode of %s: %w", f.path, err)
		}
		if f.owner != 0 {
			if err := os.Chown(path, f.owner, f.owner); err != nil {
				return fmt.Errorf("set the owner of %s: %w", f.path, err)
			}
		}
	}
	return nil
}
