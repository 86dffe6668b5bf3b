package config

import (
	"errors"
	"fmt"
)

// Lint checks the types of the sections themselves, for a test of the program:
// that every key has its sentence of documentation, that the tags make sense,
// and that every ref names a section that is there.
func Lint(sections []Section) error {
	var b shaper
	known := map[string]bool{}
	for _, s := range sections {
		if known[s.Key] {
			b.mistake(s.Key, "the section appears twice")
		}
		known[s.Key] = true
	}
	for i, sh := range b.sections(sections) {
		b.lintRefs(sh, sections[i].Key, known)
	}
	return b.err()
}

func (b *shaper) lintRefs(sh *shape, where string, known map[string]bool) {
	if sh.elem != nil {
		b.lintRefs(sh.elem, where, known)
	}
	for _, f := range sh.fields {
		for _, ref := range f.refs {
			if !known[ref] {
				b.mistake(where+"."+f.name, "refers to the section %s, which does not exist", ref)
			}
		}
		b.lintRefs(f.shape, where+"."+f.name, known)
	}
}

// sections reads the types of all sections.
func (b *shaper) sections(sections []Section) []*shape {
	shapes := make([]*shape, len(sections))
	for i, s := range sections {
		shapes[i] = b.section(s)
	}
	return shapes
}

// err is every mistake in the types, with the keys that have no documentation.
func (b *shaper) err() error {
	var errs []error
	for _, m := range b.mistakes {
		errs = append(errs, errors.New(m))
	}
	for _, path := range b.undocumented {
		errs = append(errs, fmt.Errorf("%s: has no doc", path))
	}
	return errors.Join(errs...)
}
