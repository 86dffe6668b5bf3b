package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/oklog/run"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/filewatch"
	"github.com/lostorder/lostorder/internal/otlp"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/web"
)

// defaultListen is the address that the metrics are served on.
const defaultListen = ":10404"

func runCommand(app *kingpin.Application, stdout io.Writer) command {
	clause := app.Command("run", "Watch the targets of a config file. This is the default.").Default()
	file := clause.Flag("config.file", "The config file, or a folder whose .yml and .yaml files are one config.").Default("lostorder.yml").String()
	watchFile := clause.Flag("config.watch", "Apply the config file whenever its content changes, also if it is a mounted ConfigMap.").Bool()
	check := clause.Flag("config.check", "Check the config file, connect to nothing, and exit.").Bool()
	pprof := clause.Flag("web.enable-pprof", "Serve Go's profiles under /debug/pprof.").Bool()
	lifecycle := clause.Flag("web.enable-lifecycle", "Allow POST /-/reload. SIGHUP always reloads.").Bool()
	externalURL := clause.Flag("web.external-url", "Address of lostorder for browsers, if it differs from the one that Prometheus scrapes. Links in alerts and in the API use it, and lostorder serves everything below its path.").PlaceHolder("URL").String()
	routePrefix := clause.Flag("web.route-prefix", "Path below which lostorder serves everything, if a proxy rewrites it: / if the proxy removes the path. The default is the path of --web.external-url.").PlaceHolder("PATH").String()
	shard, found := newShardFlags(clause), newPodFlags(clause)
	listen := kingpinflag.AddFlags(clause, defaultListen)

	return command{clause, func(ctx context.Context, log *slog.Logger) error {
		var changes *filewatch.Watcher
		if *watchFile && !*check { // before reading the file, so that no change is missed
			var err error
			if changes, err = filewatch.New(*file); err != nil {
				return err
			}
			defer func() { _ = changes.Close() }()
		}
		watcher, err := found.watcher(log)
		if err != nil {
			return err
		}
		if watcher != nil && !*check {
			watcher.Refresh(ctx)
		}
		source := loader{*file, watcher}
		f, local, err := source.load()
		if err != nil {
			return err
		}
		external, err := web.ParseExternal(*externalURL, *routePrefix)
		if err != nil {
			return err
		}
		if err := toolkit.Validate(*listen.WebConfigFile); err != nil {
			return fmt.Errorf("--web.config.file: %w", err)
		}
		members, err := shard.membership(log)
		if err != nil {
			return err
		}
		if *check {
			fmt.Fprintf(stdout, "%s is valid; targets: %d\n", *file, len(builtin.Targets(f)))
			return nil
		}

		hangup := make(chan os.Signal, 1) // a signal during the start must not end the program
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
		saveMemory()
		log.Info("lostorder starts", "version", version.Info(), "build", version.BuildContext())
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		s := newService(log, external)
		s.share(members)
		unsend, err := s.send(ctx, f)
		if err != nil {
			return err
		}
		defer unsend()
		kept := state.FromFile(f)
		defer s.notifier.Stop() // after the last findings were announced
		defer s.remember(ctx, f)()
		s.local.Store(&local)
		s.apply(ctx, f)
		follow, leave := s.followMembers(ctx, members)
		defer leave() // once nothing is read any more
		defer s.manager.Stop()
		defer follow()

		var reloading sync.Mutex
		reload := func(context.Context) error {
			reloading.Lock()
			defer reloading.Unlock()
			f, local, err := source.load()
			if err != nil {
				s.exporter.ReloadFailed()
				log.Error("config not reloaded; the previous one stays in effect", "err", err)
				return err
			}
			s.local.Store(&local)
			s.apply(ctx, f)
			if sends := otlp.FromFile(f); sends != s.sends {
				log.Warn("otlp changed in the config file; it is only read at start, so restart lostorder to apply it")
			}
			if state.FromFile(f) != kept {
				log.Warn("state has changed in the config file and is read at start only; start lostorder again to apply it")
			}
			return nil
		}

		var group run.Group
		group.Add(func() error {
			return web.Serve(ctx, s.handler(placesOnly(reload), *lifecycle, *pprof), listen, log)
		}, func(error) { cancel() })
		group.Add(func() error { return reloadOnHangup(ctx, hangup, reload) }, func(error) { cancel() })
		if watcher != nil {
			group.Add(func() error { return watcher.Run(ctx, func() { _ = reload(ctx) }) }, func(error) { cancel() })
		}
		if changes != nil {
			group.Add(func() error { return changes.Run(ctx, func() { _ = reload(ctx) }) }, func(error) { cancel() })
		}
		if err := group.Run(); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		log.Info("lostorder stops")
		return nil
	}}
}

// placesOnly lets a reload over HTTP answer only with the positions of mistakes. A client
// that may reload is not necessarily allowed to read the file. The log has the full
// errors.
func placesOnly(reload func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		err := reload(ctx)
		if problems, ok := errors.AsType[config.Errors](err); ok {
			return problems.Places()
		}
		return err
	}
}

// load reads the config file and refuses one that watches nothing.
func load(path string) (*config.File, error) {
	f, err := config.Load(path, builtin.Sections())
	if err != nil {
		return nil, err
	}
	return f, checkTargets(f, path)
}
