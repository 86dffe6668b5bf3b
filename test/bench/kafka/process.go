package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is a process id on this machine; 0 is unknown.
type process int

// ticks is the kernel's unit of CPU time per second (USER_HZ), the same on every Linux that
// Go supports.
const ticks = 100

// cpu returns the CPU seconds of the process; ok is false if they are unknown.
func (p process) cpu() (seconds float64, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
	if p == 0 || err != nil {
		return 0, false
	}
	// The second field is a name that may hold anything but ends with the last ")".
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, false
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	system, err2 := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticks, err == nil && err2 == nil
}

// memory returns the current and the peak resident bytes of the process.
func (p process) memory() (now, peak int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if len(fields) == 0 {
			continue
		}
		kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
		switch name {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			peak = kilobytes << 10
		}
	}
	return now, peak
}

// idle returns the CPU seconds per second of the process without requests.
func (p process) idle(ctx context.Context, during time.Duration) float64 {
	if p == 0 {
		return 0
	}
	say("watch the broker idle for %s", during)
	before, _ := p.cpu()
	at := time.Now()
	pause(ctx, during)
	after, _ := p.cpu()
	return (after - before) / time.Since(at).Seconds()
}

// listener returns the process on this machine that listens on the port of an address, or 0
// if it is unknown.
func listener(addr string) process {
	port, err := strconv.Atoi(addr[strings.LastIndexByte(addr, ':')+1:])
	if err != nil {
		return 0
	}
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			const listening = "0A"
			if len(f) > 9 && f[3] == listening && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+f[9]+"]"] = true
			}
		}
	}
	files, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil && sockets[to] {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			return process(pid)
		}
	}
	return 0
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
