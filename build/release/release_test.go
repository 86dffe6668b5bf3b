// Package release checks what a release is made of: packages, workflows and the config of goreleaser.
package release

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the format
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers the format
	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"
)

const checkout = "../.."

func TestWorkflowsAreValid(t *testing.T) {
	files, err := filepath.Glob(checkout + "/.github/workflows/*.yml")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	problems, err := linter.LintFiles(files, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func TestEveryActionIsPinnedByDigest(t *testing.T) {
	uses := regexp.MustCompile(`uses:\s*(\S+)`)
	pinned := regexp.MustCompile(`^[\w./-]+@[0-9a-f]{40}$`)
	n := 0
	files, err := filepath.Glob(checkout + "/.github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, m := range uses.FindAllStringSubmatch(text(t, file), -1) {
			if n++; !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned by a digest", file, m[1])
			}
		}
	}
	if n == 0 {
		t.Error("no workflow uses an action")
	}
}

// TestReleaseHasTheFilesOfThePackage compares the two files that list what a package holds.
func TestReleaseHasTheFilesOfThePackage(t *testing.T) {
	type content struct{ Src, Dst, Type string }
	var release struct {
		NFPMs []struct{ Contents []content } `yaml:"nfpms"`
	}
	var pack struct{ Contents []content }
	for file, into := range map[string]any{".goreleaser.yaml": &release, "packaging/nfpm.yaml": &pack} {
		if err := yaml.Unmarshal([]byte(text(t, filepath.Join(checkout, file))), into); err != nil {
			t.Fatal(err)
		}
	}
	own := map[content]bool{}
	for _, c := range release.NFPMs[0].Contents {
		own[c] = true
	}
	for _, c := range pack.Contents {
		if c.Dst != "/usr/bin/lostorder" && !own[c] { // goreleaser adds the program itself
			t.Errorf("the release lacks %+v", c)
		}
	}
	if len(own) != len(pack.Contents)-1 {
		t.Errorf("the release has %v", own)
	}
}

// build makes a package with a program that answers nothing: what is tested is the package.
func build(t *testing.T, format string) string {
	t.Helper()
	t.Chdir(checkout)
	program := filepath.Join(t.TempDir(), "lostorder")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	vars := map[string]string{"ARCH": "amd64", "VERSION": "1.2.3", "PROGRAM": program}
	config, err := nfpm.ParseFileWithEnvMapping("packaging/nfpm.yaml", func(name string) string { return vars[name] })
	if err != nil {
		t.Fatal(err)
	}
	info, err := config.Get(format)
	if err != nil {
		t.Fatal(err)
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		t.Fatal(err)
	}
	if err := nfpm.PrepareForPackager(nfpm.WithDefaults(info), format); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lostorder."+format)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := packager.Package(info, file); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDebIsInstalledAndRemoved uses a root folder and a database of dpkg of its own.
func TestDebIsInstalledAndRemoved(t *testing.T) {
	need(t, "dpkg")
	deb := build(t, "deb")
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg := func(args ...string) {
		t.Helper()
		run(t, "dpkg", append([]string{"--root=" + root, "--force-script-chrootless", "--force-not-root", "--log=/dev/null"}, args...)...)
	}
	dpkg("--install", deb)
	for file, mode := range map[string]fs.FileMode{
		"usr/bin/lostorder": 0o755, "lib/systemd/system/lostorder.service": 0o644,
		"etc/lostorder/lostorder.yml": 0o644, "etc/lostorder/credentials": 0o700 | fs.ModeDir,
	} {
		if info, err := os.Stat(filepath.Join(root, file)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	config := filepath.Join(root, "etc/lostorder/lostorder.yml")
	if err := os.WriteFile(config, []byte("# changed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	dpkg("--remove", "lostorder")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/lostorder")); !os.IsNotExist(err) {
		t.Errorf("the program is still there: %v", err)
	}
	if got := text(t, config); got != "# changed\n" {
		t.Errorf("removing took the config: %q", got)
	}
	dpkg("--purge", "lostorder")
	if _, err := os.Stat(config); !os.IsNotExist(err) {
		t.Errorf("purging left the config: %v", err)
	}
}

func TestRpmIsBuilt(t *testing.T) {
	body := text(t, build(t, "rpm"))
	if !strings.HasPrefix(body, "\xed\xab\xee\xdb") {
		t.Error("not an rpm")
	}
}

// TestUnitIsHardened asks systemd what a broken lostorder could do: 0 is nothing, 10 is everything.
func TestUnitIsHardened(t *testing.T) {
	need(t, "systemd-analyze")
	root := t.TempDir()
	unit := filepath.Join(root, "lostorder.service")
	program := filepath.Join(root, "lostorder")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	body := strings.Replace(text(t, checkout+"/packaging/lostorder.service"), "/usr/bin/lostorder", program, 1)
	if err := os.WriteFile(unit, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, "systemd-analyze", "verify", "--man=no", unit); strings.Contains(out, "lostorder.service") {
		t.Error(out)
	}
	run(t, "systemd-analyze", "security", "--offline=true", "--threshold=20", unit) // 2.0
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, bytes.TrimSpace(out))
	}
	return string(out)
}

func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("there is no %s on this machine", program)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
