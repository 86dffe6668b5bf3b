package prose_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/prose"
)

// root is the repository, as seen from this package.
var root = flag.String("root", "../..", "the repository to check")

// unchecked are folders without prose of ours: data, output, and this package, which
// has the words.
var unchecked = []string{".git", "testdata", "bin", "dist", "prose"}

// TestTextsOfTheRepositoryArePlainEnglish checks all Markdown, the rules and alerts,
// and what Go shows to users or says in comments.
func TestTextsOfTheRepositoryArePlainEnglish(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(*root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && slices.Contains(unchecked, name) {
			return filepath.SkipDir
		}
		var problems []prose.Problem
		switch {
		case name == "glossary.md": // it lists the words
			return nil
		case strings.HasSuffix(name, ".md"):
			problems, err = checkFile(path, func(text string) string { return text })
		case strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".yaml"):
			problems, err = checkFile(path, comments)
		case strings.HasSuffix(name, ".go"):
			problems, err = checkGo(path)
		default:
			return nil
		}
		checked++
		for _, p := range problems {
			t.Errorf("%s:%d: %s", strings.TrimPrefix(path, *root+"/"), p.Line, p.Text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 100 {
		t.Errorf("checked %d files, want the whole repository", checked)
	}
}

func checkFile(path string, part func(string) string) ([]prose.Problem, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return prose.Check(part(string(text))), nil
}

// comments keeps the comments and annotations of a YAML file.
func comments(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		comment, isComment := strings.CutPrefix(trimmed, "#")
		value, isSummary := strings.CutPrefix(trimmed, "summary:")
		switch {
		case isComment:
			lines[i] = strings.TrimSpace(comment)
		case isSummary:
			lines[i] = value
		default:
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// sql recognises statements and parts of them, which are no sentences.
var sql = regexp.MustCompile(`^[\s(]*(?:ALTER|AND|CREATE|DELETE|EXPLAIN|FROM|GRANT|JOIN|INSERT|SELECT|SHOW|UPDATE|WHERE|WITH)\s`)

// wordList recognises lists of names, which are no sentences either.
var wordList = regexp.MustCompile(`^[a-z0-9_\s]+$`)

// checkGo checks the comments of a Go file and its strings that read as sentences.
func checkGo(path string) ([]prose.Problem, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", path, err)
	}
	var problems []prose.Problem
	add := func(pos token.Pos, found []prose.Problem) {
		line := files.Position(pos).Line
		for _, p := range found {
			problems = append(problems, prose.Problem{Line: line + p.Line - 1, Text: p.Text})
		}
	}
	for _, group := range file.Comments {
		add(group.Pos(), prose.Check(group.Text()))
	}
	if strings.HasSuffix(path, "_test.go") {
		return problems, nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && strings.Count(text, " ") >= 2 && !sql.MatchString(text) && !wordList.MatchString(text) {
			add(literal.Pos(), prose.CheckSentence(text))
		}
		return true
	})
	return problems, nil
}
