package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lostorder/lostorder/internal/demo"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lostorder": main, "sqlite": sqlite})
}

// TestProgram plays what users type: each file is commands, input and what is
// printed.
func TestProgram(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}

// TestDemoFindsEveryFaultAndNothingElse plays the demo that everybody sees first.
func TestDemoFindsEveryFaultAndNothingElse(t *testing.T) {
	var out, errs bytes.Buffer
	code := Main(t.Context(), []string{"demo", "--json", "--seed=7", "--web.listen-address=" + freeAddress(t)}, &out, &errs)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last struct {
		Summary *struct {
			Faults int `json:"faults"`
			Found  int `json:"found"`
			False  int `json:"false_findings"`
		} `json:"summary"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Summary == nil {
		t.Fatalf("the last line is no summary: %v\n%s%s", err, out.String(), errs.String())
	}
	if s := *last.Summary; code != 0 || s.Faults != len(demo.Drills()) || s.Found != s.Faults || s.False != 0 {
		t.Errorf("exit code %d, %+v\n%s%s", code, s, out.String(), errs.String())
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// sqlite runs the statements of a file on a database that it makes if there is none.
func sqlite() {
	text, err := os.ReadFile(os.Args[2])
	if err == nil {
		var db *sql.DB
		if db, err = sql.Open("sqlite", os.Args[1]); err == nil {
			_, err = db.Exec(string(text))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
