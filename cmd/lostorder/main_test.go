package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/demo/demotest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"lostorder": main, "sqlite": sqlite})
}

// TestProgram plays what users type: each file is commands, input and what is
// printed.
func TestProgram(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true})
}

// TestDemoFindsEveryFaultAndNothingElse plays the demo with its defaults.
func TestDemoFindsEveryFaultAndNothingElse(t *testing.T) {
	code := -1
	s, out := demotest.Perfect(t, func(slower string) (string, string) {
		var out, errs bytes.Buffer
		code = Main(t.Context(), []string{"demo", "--json", "--seed=7", "--web.listen-address=127.0.0.1:0", slower}, &out, &errs)
		return out.String(), errs.String()
	})
	if code != 0 || s.Faults != len(demo.Drills()) {
		t.Errorf("exit code %d, %+v\n%s", code, s, out)
	}
	if !regexp.MustCompile(`^{"event":"open",.*"url":"http://127\.0\.0\.1:[1-9]\d*/"}`).MatchString(out) {
		t.Errorf("it does not say where it is to be seen: %.200s", out)
	}
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
