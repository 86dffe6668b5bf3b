package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// secretFile fills a secret from the file that <name>_file names.
func (d *decoder) secretFile(p pair, v reflect.Value, path string) {
	d.places[path] = placeOf(p.value)
	var name string
	before := d.spoiled
	d.value(p.value, &shape{kind: kindString, typ: reflect.TypeFor[string]()}, nil, reflect.ValueOf(&name).Elem(), path+"_file")
	if d.spoiled != before || d.halted {
		return
	}
	text, err := readSecret(d.dir, name)
	if err != nil {
		d.spoil(d.places[path], path+"_file", "%v", err)
		return
	}
	d.secrets = append(d.secrets, text)
	v.SetString(text)
}

// readSecret reads a file without the newline that editors and echo leave at its end.
func readSecret(dir, name string) (string, error) {
	const most = 1 << 20
	if name == "" {
		return "", errors.New("empty; name the file that holds the secret")
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", openError(path, err)
	}
	defer func() { _ = file.Close() }()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return "", fmt.Errorf("%s is a directory; name the file in it", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s cannot be read: %w", path, bare(err))
	case len(text) > most:
		return "", fmt.Errorf("%s is larger than 1 MiB, which no secret is; name another file", path)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if secret == "" {
		return "", fmt.Errorf("%s is empty; write the secret into it", path)
	}
	return secret, nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no file %s; create it or correct the path", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be read by this user; change its mode or its owner", path)
	}
	return fmt.Errorf("%s cannot be opened: %w", path, bare(err))
}

// bare takes the operation and the path off, which the message has already.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
