package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// describe reads version, revision and time of the commit. A checkout without git,
// such as a source archive, needs a version and the time in SOURCE_DATE_EPOCH.
func describe(ctx context.Context, source, version string) (build, error) {
	git := func(args ...string) string {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", source}, args...)...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	b := build{source: source, version: version, revision: git("rev-parse", "HEAD")}
	if b.version == "" {
		b.version = git("describe", "--tags", "--always", "--dirty")
	}
	if b.version == "" {
		return b, fmt.Errorf("find the version of %s: git describes none; set --version", source)
	}
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		epoch = git("log", "-1", "--format=%ct")
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return b, fmt.Errorf("find the time of the commit in %s: set SOURCE_DATE_EPOCH: %w", source, err)
	}
	b.at = time.Unix(seconds, 0).UTC()
	return b, nil
}

// tag is the version as a registry accepts it.
func (b build) tag() string { return strings.ReplaceAll(strings.TrimPrefix(b.version, "v"), "+", "_") }

// compile builds the program for a platform such as linux/amd64.
func (b build) compile(ctx context.Context, platform, output string) error {
	system, arch, ok := strings.Cut(platform, "/")
	if !ok {
		return fmt.Errorf("platform %q: write it as linux/amd64", platform)
	}
	output, err := filepath.Abs(output)
	if err != nil {
		return fmt.Errorf("find the work folder: %w", err)
	}
	const variables = "github.com/prometheus/common/version."
	flags := "-s -w -buildid= -X " + variables + "Version=" + b.version + " -X " + variables + "Revision=" + b.revision
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", output, "./cmd/lostorder")
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile for %s: %w\n%s", platform, err, out)
	}
	return nil
}
