package test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files")

// notice is the file that names what the program contains, and thirdParty has the licences.
const (
	notice     = "../NOTICE"
	thirdParty = "../THIRD_PARTY_LICENSES"
)

// module is one module whose code is in the program.
type module struct{ path, version, dir string }

// kinds are the licences that may be in the program, by a sentence of each.
var kinds = []struct{ name, sentence string }{
	{"Apache-2.0", "Apache License"},
	{"MPL-2.0", "Mozilla Public License"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-2-Clause", "Redistributions of source code must retain"},
	{"Public domain", "dedicated to the public domain"},
}

var blank = regexp.MustCompile(`\s+`)

func kindOf(text string) string {
	text = blank.ReplaceAllString(text, " ")
	for _, k := range kinds {
		if strings.Contains(text, k.sentence) {
			return k.name
		}
	}
	return ""
}

// TestNoticeIsCurrent compares both files with the modules that are compiled into the program.
func TestNoticeIsCurrent(t *testing.T) {
	var list, texts strings.Builder
	list.WriteString("lostorder\nCopyright the lostorder authors\n\nThis product is licensed under the Apache License 2.0 (LICENSE). It contains these modules, whose licences\nare in THIRD_PARTY_LICENSES:\n\n")
	texts.WriteString("Licences of the modules that lostorder contains. \"make generate\" writes this file.\n")
	byText := map[string][]string{}
	var order []string
	for _, m := range modules(t) {
		var names []string
		files, err := filepath.Glob(filepath.Join(m.dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			base := strings.ToUpper(filepath.Base(path))
			if !strings.HasPrefix(base, "LICEN") && !strings.HasPrefix(base, "COPYING") && !strings.HasPrefix(base, "NOTICE") || strings.HasSuffix(base, ".GO") {
				continue
			}
			text := strings.TrimSpace(strings.ReplaceAll(read(t, path), "\r\n", "\n"))
			if byText[text] == nil {
				order = append(order, text)
			}
			byText[text] = append(byText[text], m.path+" "+m.version+" ("+filepath.Base(path)+")")
			if name := kindOf(text); name != "" && !strings.HasPrefix(base, "NOTICE") && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			t.Errorf("%s has no licence that this test knows; read it, and add it to the kinds", m.path)
		}
		fmt.Fprintf(&list, "  %s %s: %s\n", m.path, m.version, strings.Join(names, ", "))
	}
	for _, text := range order {
		fmt.Fprintf(&texts, "\n%[1]s\n%[2]s\n%[1]s\n\n%[3]s\n", strings.Repeat("=", 100), strings.Join(byText[text], "\n"), text)
	}
	for path, want := range map[string]string{notice: list.String(), thirdParty: texts.String()} {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // everybody may read it
				t.Fatal(err)
			}
		} else if !exists(path) || read(t, path) != want {
			t.Errorf("%s is not current; run make generate", path)
		}
	}
}

// modules are those of the program, in order.
func modules(t *testing.T) (all []module) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}", "../cmd/lostorder")
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list modules: %v\n%s", err, errs.String())
	}
	lines := strings.Fields(strings.ReplaceAll(string(out), "\n", " "))
	for i := 0; i+2 < len(lines); i += 3 {
		m := module{lines[i], lines[i+1], lines[i+2]}
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.path, b.path) })
	if len(all) < 30 {
		t.Fatalf("only %d modules", len(all))
	}
	return all
}
