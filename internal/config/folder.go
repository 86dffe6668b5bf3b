package config

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is the text of one file.
type source struct {
	name  string // for messages
	text  []byte
	above int // lines of the files before it
}

// filesIn returns the config files of a folder, in order of their names: those that end in .yml or
// .yaml and are not hidden. Folders in it are left alone.
func filesIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		end := filepath.Ext(path)
		if strings.HasPrefix(entry.Name(), ".") || end != ".yml" && end != ".yaml" {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			continue
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, nil
}

// documents reads the files as one mapping. Lists of the same key are joined. Every line counts
// on from the file before, so that a place says which file it is in.
func (d *decoder) documents(files []source, example string) *yaml.Node {
	var whole *yaml.Node
	above := 0
	for i := range files {
		files[i].above = above
		above += bytes.Count(files[i].text, []byte("\n")) + 1
		if len(files) > 1 && onlyComments(files[i].text) {
			continue
		}
		d.name = files[i].name
		root := d.document(files[i].text, example)
		if root == nil {
			continue
		}
		shift(root, files[i].above)
		if d.join(&whole, root, files[:i+1]) {
			d.places[""] = placeOf(whole)
		}
	}
	d.files = files
	return whole
}

// join adds the keys of a file to those of the files before it.
func (d *decoder) join(whole **yaml.Node, root *yaml.Node, files []source) (first bool) {
	if *whole == nil {
		*whole = root
		return true
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		before := valueOf(*whole, key.Value)
		switch {
		case before == nil:
			(*whole).Content = append((*whole).Content, key, value)
		case strings.HasPrefix(key.Value, freePrefix):
		case before.Kind == yaml.SequenceNode && value.Kind == yaml.SequenceNode:
			before.Content = append(before.Content, value.Content...)
		default:
			at := placeOf(key)
			at.line -= files[len(files)-1].above
			where := fileOf(files, before.Line)
			d.problem(at, key.Value, "is in %s, too; keep it in one file", filepath.Base(where.name))
		}
	}
	return false
}

// valueOf returns the value of a key of a mapping, or nil.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// fileOf returns the file that has a line, counted over all files.
func fileOf(files []source, line int) source {
	for _, f := range slices.Backward(files) {
		if line > f.above {
			return f
		}
	}
	return files[0]
}

// shift moves a node and what it holds down.
func shift(n *yaml.Node, lines int) {
	n.Line += lines
	for _, inner := range n.Content {
		shift(inner, lines)
	}
}

// onlyComments reports whether a file says nothing, as one that is commented out.
func onlyComments(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return false
		}
	}
	return true
}
