package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// largest is the size of a file in bytes beyond which it is not a config file.
const largest = 4 << 20

// A Text is one more part of a config. It is not in a file.
type Text struct {
	Name string // for messages
	Text []byte
}

// Load reads and checks a config file, or the files of a folder as if they were one, and more
// texts as if they were in it. What is wrong with it comes back as [Errors]; any other error is a
// mistake in the types of the sections.
func Load(path string, sections []Section, more ...Text) (*File, error) {
	paths, dir := []string{path}, filepath.Dir(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		dir = path
		if paths, err = filesIn(path); err != nil {
			return nil, Errors{{File: path, Msg: fmt.Sprintf("cannot be read: %v", bare(err))}}
		}
		if len(paths) == 0 {
			return nil, Errors{{File: path, Msg: "a folder without config files; their names end in .yml or .yaml"}}
		}
	}
	var files []source
	for _, path := range paths {
		text, err := readFile(path)
		if err != nil {
			return nil, err
		}
		files = append(files, source{name: path, text: text})
	}
	for _, t := range more {
		files = append(files, source{name: t.Name, text: t.Text})
	}
	return parse(files, dir, sections, os.LookupEnv)
}

func readFile(path string) ([]byte, error) {
	refuse := func(msg string) error { return Errors{{File: path, Msg: msg}} }
	file, err := os.Open(path)
	switch {
	case os.IsNotExist(err):
		return nil, refuse("no such file; name one with --config.file")
	case os.IsPermission(err):
		return nil, refuse("may not be read by this user; change its mode or its owner")
	case err != nil:
		return nil, refuse(fmt.Sprintf("cannot be opened: %v", bare(err)))
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, largest+1))
	if err != nil {
		return nil, refuse(fmt.Sprintf("cannot be read: %v", bare(err)))
	}
	return text, nil
}

// Parse checks and decodes the text of a config file. The name is for messages;
// dir is the folder against which the paths of *_file keys resolve.
func Parse(name string, text []byte, dir string, sections []Section) (*File, error) {
	return ParseLookup(name, text, dir, sections, os.LookupEnv)
}

// ParseLookup is Parse with variables that are not those of the environment.
func ParseLookup(name string, text []byte, dir string, sections []Section, lookup func(string) (string, bool)) (*File, error) {
	return parse([]source{{name: name, text: text}}, dir, sections, lookup)
}

func parse(files []source, dir string, sections []Section, lookup func(string) (string, bool)) (*File, error) {
	var b shaper
	shapes := b.sections(sections)
	b.undocumented = nil // Lint reports it to programmers, not to users
	if err := b.err(); err != nil {
		return nil, fmt.Errorf("read config types: %w", err)
	}
	d := newDecoder(files[0].name, dir, lookup)
	f := &File{items: map[string]reflect.Value{}, present: map[string]bool{}}
	if root := d.documents(files, smallest(sections, shapes)); root != nil {
		d.sections(root, sections, shapes, f)
	} else if len(d.problems) == 0 {
		d.problem(place{}, "", "the .yml and .yaml files of the folder hold nothing but comments")
	}
	if err := asError(d.concealed()); err != nil {
		return nil, err
	}
	return f, nil
}

// freePrefix begins the keys of the top level that lostorder leaves alone: they hold what
// anchors of YAML name once and other keys repeat.
const freePrefix = "x-"

// sections decodes the top level.
func (d *decoder) sections(root *yaml.Node, sections []Section, shapes []*shape, f *File) {
	keys := make([]string, len(sections))
	for i, s := range sections {
		keys[i] = s.Key
	}
	given := map[string]pair{}
	for _, p := range d.pairs(root, "") {
		if slices.Contains(keys, p.key) {
			given[p.key] = p
		} else if !strings.HasPrefix(p.key, freePrefix) {
			d.unknownKey(p, "", keys)
		}
	}
	for i, s := range sections {
		p, ok := given[s.Key]
		ok = ok && !isNull(p.value)
		f.present[s.Key] = ok
		f.items[s.Key] = d.section(s, shapes[i], p, ok)
	}
	names := map[string][]string{}
	for i, s := range sections {
		if !s.Single {
			names[s.Key] = d.names(s.Key, shapes[i], f.items[s.Key])
		}
	}
	d.resolve(names)
}

// section decodes one top-level key into a slice of its type.
func (d *decoder) section(s Section, sh *shape, p pair, given bool) reflect.Value {
	list := &shape{kind: kindList, typ: reflect.SliceOf(s.Type), elem: sh}
	items := reflect.New(list.typ).Elem()
	switch {
	case !s.Single && given:
		d.value(p.value, list, nil, items, s.Key)
	case s.Single:
		items.Set(reflect.MakeSlice(list.typ, 1, 1))
		if given {
			d.value(p.value, sh, nil, items.Index(0), s.Key)
		} else {
			d.aside().structure(nil, sh, nil, items.Index(0), s.Key)
		}
	}
	return items
}

// aside is a decoder whose problems are dropped: an absent section gets its defaults, and
// may lack what it requires.
func (d *decoder) aside() *decoder { return newDecoder(d.name, d.dir, d.lookup) }

// smallest is the smallest useful file, made from the first section.
func smallest(sections []Section, shapes []*shape) string {
	for i, s := range sections {
		if s.Single {
			continue
		}
		lines := []string{s.Key + ":"}
		indent := "  - "
		for _, f := range shapes[i].fields {
			if f.required {
				lines = append(lines, indent+f.name+": "+f.sample())
				indent = "    "
			}
		}
		return strings.Join(lines, "\n")
	}
	return ""
}
