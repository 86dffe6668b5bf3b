// Package draft is a config file that lostorder proposes: entries with the reason for each,
// and the uncertain ones commented out. It writes the file as a person would edit it.
package draft

import "slices"

// Document is a proposed config file.
type Document struct {
	Head     []string // paragraphs of the comment at the top
	Sections []Section
	Tail     []string // paragraphs of the comment at the end
}

// Section is one top-level key of the file.
type Section struct {
	Key     string
	Notes   []string // paragraphs about all of it
	Entries []*Entry
}

// Entry is one item of a section.
type Entry struct {
	Name  string
	Why   []string // paragraphs above the entry: what was seen, and what the entry does with it
	Off   string   // why the entry is commented out; empty: it is used
	Lines []Line
}

// Line is a key of an entry with its value, or with the lines below it.
type Line struct {
	Key   string
	Value any    // nil where there are lines below
	Note  string // a comment
	Lines []Line
	Items [][]Line // a list of mappings, instead of a value
	Off   bool     // commented out
	// Optional: the entry works without the line, which is commented out where it does not work.
	Optional bool
}

// Map is a mapping whose keys keep their order.
type Map []Pair

// Pair is a key of a Map.
type Pair struct {
	Key   string
	Value any
}

// Raw is a text in which ${NAME} stands for a variable. In every other text it is literal.
type Raw string

// Entry returns the entry of a name in a section; nil where there is none.
func (d *Document) Entry(section, name string) *Entry {
	for i := range d.Sections {
		if d.Sections[i].Key != section {
			continue
		}
		for _, e := range d.Sections[i].Entries {
			if e.Name == name {
				return e
			}
		}
	}
	return nil
}

// Add adds entries to a section, which it creates if there is none. A name that is taken gets
// a number.
func (d *Document) Add(section string, entries ...*Entry) {
	at := slices.IndexFunc(d.Sections, func(s Section) bool { return s.Key == section })
	if at < 0 {
		d.Sections = append(d.Sections, Section{Key: section})
		at = len(d.Sections) - 1
	}
	for _, e := range entries {
		// An entry may be in several documents at the same time: it is written only if it changes.
		if name := free(e.Name, func(name string) bool { return d.Entry(section, name) != nil }); name != e.Name {
			e.Name = name
		}
		d.Sections[at].Entries = append(d.Sections[at].Entries, e)
	}
}

// Note adds a paragraph about all of a section.
func (d *Document) Note(section string, text ...string) {
	d.Add(section)
	for i := range d.Sections {
		if d.Sections[i].Key == section {
			d.Sections[i].Notes = append(d.Sections[i].Notes, text...)
		}
	}
}

// Used counts the entries of a section that are not commented out.
func (s *Section) Used() (n int) {
	for _, e := range s.Entries {
		if e.Off == "" {
			n++
		}
	}
	return n
}
