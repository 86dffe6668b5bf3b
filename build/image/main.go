// Image builds lostorder's container image without a container engine: the program, the certificates of public
// authorities, and a user without rights. Two builds of one commit have the same digest.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "image: %s\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	app := kingpin.New("image", "Build lostorder's container image, without a container engine.")
	app.Terminate(nil)
	source := app.Flag("source", "The checkout to build.").Default(".").ExistingDir()
	name := app.Flag("name", "The name of the image.").Default("ghcr.io/lostorder/lostorder").String()
	version := app.Flag("version", "The version, and the tag of the image. The default is what git describes.").String()
	platforms := app.Flag("platform", "A platform to build for; may be repeated.").Default("linux/amd64", "linux/arm64").Strings()
	output := app.Flag("output", "The OCI archive to write.").PlaceHolder("FILE").String()
	rootfs := app.Flag("rootfs", "Write the files of the image into this folder, for the one platform named, and no archive.").PlaceHolder("DIR").String()
	push := app.Flag("push", "Push the image to the registry in its name.").Bool()
	if _, err := app.Parse(args); err != nil {
		return err
	}

	b, err := describe(ctx, *source, *version)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "lostorder-image-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()

	if *rootfs != "" {
		if len(*platforms) != 1 {
			return errors.New("--rootfs needs exactly one --platform")
		}
		program := filepath.Join(work, "lostorder")
		if err := b.compile(ctx, (*platforms)[0], program); err != nil {
			return err
		}
		return writeFiles(*rootfs, program)
	}
	var parts []part
	for i, platform := range *platforms {
		program := filepath.Join(work, fmt.Sprintf("lostorder-%d", i))
		if err := b.compile(ctx, platform, program); err != nil {
			return err
		}
		parts = append(parts, part{platform, program})
	}
	index, err := assemble(b, parts)
	if err != nil {
		return err
	}
	if *output != "" {
		if err := archive(index, *name+":"+b.tag(), *output, b.at, stdout); err != nil {
			return err
		}
	}
	if *push {
		return pushIndex(ctx, index, *name+":"+b.tag(), stdout)
	}
	return nil
}

// build is what is built: a checkout at a commit.
type build struct {
	source, version, revision string
	at                        time.Time // of the commit, so that a second build gets the same bytes
}
