package filewatch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/lostorder/lostorder/internal/filewatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// link makes name lead to target in one step, as the kubelet does.
func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name+".new"); err != nil {
		t.Fatal(err)
	}
	rename(t, name+".new", name)
}

// mount lays out a folder as the kubelet mounts a ConfigMap.
func mount(t *testing.T, dir, version, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, version), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, version, "lostorder.yml"), text)
	link(t, version, filepath.Join(dir, "..data"))
}

func TestChangedContentIsReported(t *testing.T) {
	for name, test := range map[string]struct {
		prepare, change func(t *testing.T, dir string)
	}{
		"written in place": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "lostorder.yml"), "a") },
			change:  func(t *testing.T, dir string) { write(t, filepath.Join(dir, "lostorder.yml"), "b") },
		},
		"replaced by another file, twice": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "lostorder.yml"), "a") },
			change: func(t *testing.T, dir string) {
				for _, text := range []string{"b", "c"} {
					write(t, filepath.Join(dir, "new"), text)
					rename(t, filepath.Join(dir, "new"), filepath.Join(dir, "lostorder.yml"))
				}
			},
		},
		"removed and written again": {
			prepare: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "lostorder.yml"), "a") },
			change: func(t *testing.T, dir string) {
				if err := os.Remove(filepath.Join(dir, "lostorder.yml")); err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(dir, "lostorder.yml"), "b")
			},
		},
		"a ConfigMap whose link is swapped": {
			prepare: func(t *testing.T, dir string) {
				mount(t, dir, "..2026_1", "a")
				link(t, "..data/lostorder.yml", filepath.Join(dir, "lostorder.yml"))
			},
			change: func(t *testing.T, dir string) {
				mount(t, dir, "..2026_2", "b")
				if err := os.RemoveAll(filepath.Join(dir, "..2026_1")); err != nil {
					t.Fatal(err)
				}
			},
		},
		"a link into another folder": {
			prepare: func(t *testing.T, dir string) {
				if err := os.Mkdir(filepath.Join(dir, "elsewhere"), 0o700); err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(dir, "elsewhere", "shop.yml"), "a")
				link(t, "elsewhere/shop.yml", filepath.Join(dir, "lostorder.yml"))
			},
			change: func(t *testing.T, dir string) { write(t, filepath.Join(dir, "elsewhere", "shop.yml"), "b") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test.prepare(t, dir)
			changed, stop := start(t, filepath.Join(dir, "lostorder.yml"))
			defer stop()
			test.change(t, dir)
			select {
			case <-changed:
			case <-time.After(20 * time.Second):
				t.Error("not reported")
			}
		})
	}
}

func TestSameContentIsNotReported(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir, "..2026_1", "a")
	path := filepath.Join(dir, "lostorder.yml")
	link(t, "..data/lostorder.yml", path)
	changed, stop := start(t, path)
	defer stop()
	mount(t, dir, "..2026_2", "a")
	write(t, filepath.Join(dir, "other.yml"), "b")
	select {
	case <-changed:
		t.Error("reported, although the content is the same")
	case <-time.After(time.Second): // five times as long as it waits for quiet
	}
}

func TestFolderThatDoesNotExistIsAnError(t *testing.T) {
	_, err := filewatch.New(filepath.Join(t.TempDir(), "absent", "lostorder.yml"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func start(t *testing.T, path string) (changed <-chan struct{}, stop func()) {
	t.Helper()
	w, err := filewatch.New(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	reported := make(chan struct{}, 10)
	done := make(chan error)
	go func() { done <- w.Run(ctx, func() { reported <- struct{}{} }) }()
	return reported, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestChangedFilesOfAFolderAreReported(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, dir string){
		"a file changes":  func(t *testing.T, dir string) { write(t, filepath.Join(dir, "kafka.yml"), "b") },
		"a file is added": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "sqs.yml"), "a") },
		"a file is renamed": func(t *testing.T, dir string) {
			rename(t, filepath.Join(dir, "kafka.yml"), filepath.Join(dir, "a.yml"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "conf")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "kafka.yml"), "a")
			changed, stop := start(t, dir)
			defer stop()
			change(t, dir)
			select {
			case <-changed:
			case <-time.After(20 * time.Second):
				t.Error("not reported")
			}
		})
	}
}
