package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
)

const (
	// fileName is the file in state.dir. It holds what receivers know, and no order id.
	fileName = "notified.json"
	// fileFormat is the version of what is in it.
	fileFormat = 1
	// writeEvery is how often it is written at most.
	writeEvery = time.Second
	// largestFile bounds what is read.
	largestFile = 256 << 20
)

type file struct {
	Format   int                `json:"format"`
	Webhooks map[string][]entry `json:"webhooks"`
}

// load reads what receivers knew before a restart. Without it, they are sent all again.
func (n *Notifier) load() map[string][]*entry {
	if n.dir == "" {
		return nil
	}
	kept, err := read(filepath.Join(n.dir, fileName))
	if err != nil {
		n.Log.Warn("what webhooks know from before the restart cannot be read; open findings are sent again", "err", err)
	}
	return kept
}

func read(path string) (map[string][]*entry, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Size() > largestFile:
		return nil, fmt.Errorf("%s is larger than any that lostorder writes", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("decode %s: %w", path, err)
	}
	if f.Format != fileFormat {
		return nil, fmt.Errorf("%s has format %d, and this lostorder knows %d", path, f.Format, fileFormat)
	}
	kept := make(map[string][]*entry, len(f.Webhooks))
	for key, entries := range f.Webhooks {
		for i := range entries {
			kept[key] = append(kept[key], &entries[i])
		}
	}
	return kept, nil
}

// keep says that there is something to write. It does not block.
func (n *Notifier) keep() {
	select {
	case n.dirty <- struct{}{}:
	default:
	}
}

// keepFile writes what receivers know, on change.
func (n *Notifier) keepFile(ctx context.Context) {
	failing := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.dirty:
		}
		n.mu.Lock()
		hooks := n.hooks
		n.mu.Unlock()
		err := n.save(hooks)
		switch {
		case err == nil && failing != "":
			n.Log.Info("what webhooks know is written again")
			failing = ""
		case err != nil && err.Error() != failing:
			n.Log.Error("what webhooks know cannot be written; after a restart they are sent open findings again", "err", err)
			failing = err.Error()
		}
		if err != nil {
			n.keep()
			sleep(ctx, 9*writeEvery)
		}
		sleep(ctx, writeEvery)
	}
}

func (n *Notifier) save(hooks []*hook) error {
	if n.dir == "" {
		return nil
	}
	f := file{Format: fileFormat, Webhooks: map[string][]entry{}}
	for _, h := range hooks {
		f.Webhooks[h.key()] = h.book.all()
	}
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(n.dir, fileName), text, 0o600)
}
