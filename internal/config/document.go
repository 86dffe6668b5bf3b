package config

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// document reads the text as one YAML mapping, or says why it is none.
func (d *decoder) document(text []byte, example string) *yaml.Node {
	if len(text) > largest {
		d.problem(place{}, "", "larger than 4 MiB, which no config file is; name another file")
		return nil
	}
	if at, ok := notUTF8(text); ok {
		d.problem(at, "", "not UTF-8 from here on; save the file as UTF-8")
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := read(decoder, &doc); err != nil && !errors.Is(err, io.EOF) {
		d.syntax(text, err)
		return nil
	}
	var second yaml.Node
	switch err := read(decoder, &second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		d.syntax(text, err)
		return nil
	default:
		d.problem(placeOf(&second), "", "a second document begins here; keep one, without --- between")
		return nil
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) || doc.Content[0].Kind == yaml.MappingNode && len(doc.Content[0].Content) == 0 {
		d.problem(place{1, 1}, "", "the file is empty; the smallest useful one reads:\n\n%s\n", example)
		return nil
	}
	root := doc.Content[0]
	d.places[""] = placeOf(root)
	if root.Kind != yaml.MappingNode {
		d.problem(placeOf(root), "", "the file is not a mapping; it begins like this:\n\n%s\n", example)
		return nil
	}
	return root
}

// read decodes one document. The YAML library panics on some broken input
// instead of returning an error.
func read(decoder *yaml.Decoder, doc *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("this cannot be read as YAML")
		}
	}()
	return decoder.Decode(doc)
}

func notUTF8(text []byte) (place, bool) {
	if utf8.Valid(text) {
		return place{}, false
	}
	at := place{1, 1}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size <= 1 {
			break
		}
		at.col++
		if r == '\n' {
			at = place{at.line + 1, 1}
		}
		text = text[size:]
	}
	return at, true
}
