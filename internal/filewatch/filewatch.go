// Package filewatch reports when the content of a file changes: a file that is written, one that is replaced, and one
// behind a symbolic link that is swapped, as Kubernetes does with a mounted ConfigMap. Of a folder, it watches every file
// in it.
package filewatch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long nothing must happen before the file is read: an editor writes in several steps.
const settle = 200 * time.Millisecond

// Watcher knows what a file held when it was made.
type Watcher struct {
	path    string
	last    [sha256.Size]byte
	watcher *fsnotify.Watcher
}

// New watches a file or the files of a folder. A change after New is reported by Run, also if Run begins later. Who calls New without Run calls
// Close.
func New(path string) (*Watcher, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w; raise fs.inotify.max_user_instances", path, err)
	}
	w := &Watcher{path: path, watcher: watcher}
	err = w.watchFolders()
	if err == nil {
		w.last, err = hash(path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watch %s: %w", path, err), watcher.Close())
	}
	return w, nil
}

// Close ends the watch.
func (w *Watcher) Close() error { return w.watcher.Close() }

// Run calls changed each time the content of the file has changed, until ctx ends, and closes the watch. A file that
// cannot be read at the moment has not changed.
func (w *Watcher) Run(ctx context.Context, changed func()) error {
	defer func() { _ = w.Close() }()
	quiet := time.NewTimer(settle)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-w.watcher.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // events were lost: read the file
				return fmt.Errorf("watch %s: %w", w.path, err)
			}
			quiet.Reset(settle)
		case <-w.watcher.Events:
			quiet.Reset(settle)
		case <-quiet.C:
			if err := w.watchFolders(); err != nil {
				continue // it is between two links; an event follows
			}
			if sum, err := hash(w.path); err == nil && sum != w.last {
				w.last = sum
				changed()
			}
		}
	}
}

// watchFolders watches the folder of the path and that of the file to which links lead. Watching a file itself would
// end with its replacement. A folder that is watched already stays so.
func (w *Watcher) watchFolders() error {
	if info, err := os.Stat(w.path); err == nil && info.IsDir() {
		if err := w.watcher.Add(w.path); err != nil {
			return err
		}
	}
	if err := w.watcher.Add(filepath.Dir(w.path)); err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(w.path)
	if err != nil {
		return err
	}
	return w.watcher.Add(filepath.Dir(target))
}

// hash returns what distinguishes the content of a file, or the names and contents of the files in a folder.
func hash(path string) (sum [sha256.Size]byte, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return hashFolder(path)
	}
	text, err := os.ReadFile(path)
	return sha256.Sum256(text), err
}

func hashFolder(path string) (sum [sha256.Size]byte, err error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return sum, err
	}
	all := sha256.New()
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		if info, err := os.Stat(name); err != nil || info.IsDir() {
			continue
		}
		one, err := hash(name)
		if err != nil {
			return sum, err
		}
		fmt.Fprintf(all, "%q %x\n", entry.Name(), one)
	}
	return [sha256.Size]byte(all.Sum(nil)), nil
}
