package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profile takes profiles of lostorder during the measurement if a folder is given. The
// returned function waits for them.
func (b *bench) profile(ctx context.Context, url string) (wait func() error) {
	if b.profiles == "" {
		return func() error { return nil }
	}
	cpu := make(chan error, 1)
	seconds := int((time.Duration(b.rounds) * b.interval).Seconds())
	go func() {
		cpu <- download(ctx, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", url, seconds), filepath.Join(b.profiles, "cpu.pprof"))
	}()
	return func() error {
		return errors.Join(<-cpu,
			download(ctx, url+"/debug/pprof/heap", filepath.Join(b.profiles, "heap.pprof")))
	}
}

func download(ctx context.Context, url, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, resp.Body)
	return errors.Join(err, f.Close())
}
