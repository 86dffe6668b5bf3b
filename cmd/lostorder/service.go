package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/version"
	"golang.org/x/time/rate"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/collectors/builtin"
	"github.com/lostorder/lostorder/collectors/kafka"
	"github.com/lostorder/lostorder/internal/acknowledge"
	"github.com/lostorder/lostorder/internal/alerting"
	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/explain"
	"github.com/lostorder/lostorder/internal/notify"
	"github.com/lostorder/lostorder/internal/otlp"
	"github.com/lostorder/lostorder/internal/ownership"
	"github.com/lostorder/lostorder/internal/privacy"
	"github.com/lostorder/lostorder/internal/replicas"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/span"
	"github.com/lostorder/lostorder/internal/state"
	"github.com/lostorder/lostorder/internal/telemetry"
	"github.com/lostorder/lostorder/internal/untrusted"
	"github.com/lostorder/lostorder/internal/watch"
	"github.com/lostorder/lostorder/internal/web"
)

// service connects the parts: collectors → watch → telemetry and web.
type service struct {
	watch    *watch.Watch
	manager  *collectors.Manager
	exporter *telemetry.Exporter
	sender   *otlp.Sender
	sends    otlp.Config // the section at start
	veil     atomic.Pointer[privacy.Veil]
	notifier *notify.Notifier
	keeper   atomic.Pointer[state.Keeper] // nil: a restart forgets everything
	external web.External
	explains atomic.Pointer[explain.Explainer]
	lookUps  *rate.Limiter   // of all that the service ever explains
	exposed  map[string]bool // warnings about credentials that are in the log already
	log      *slog.Logger

	members  ownership.Membership                     // nil: this process reads everything
	replicas *replicas.Replicas                       // nil: there are no others
	local    atomic.Pointer[map[signal.TargetID]bool] // targets that no other process can read

	assigning  sync.Mutex // of what follows
	configured []collectors.Target
	assigned   map[signal.TargetID]bool               // of those, the ones that are read here
	remembered map[signal.TargetID]watch.TargetMemory // of targets that were not read since the start

	sharing sync.Mutex
	shared  []signal.TargetID // the configured ones, for metrics, which wait for no target to stop
}

func newService(log *slog.Logger, external web.External) *service {
	s := &service{log: log, external: external, exposed: map[string]bool{}, sender: &otlp.Sender{}, lookUps: explain.NewLimit()}
	s.watch = watch.New(time.Now, log, func(c detect.Change) {
		s.sender.Changed(c)
		s.notifier.Changed(c)
		if c.Kind == detect.Opened {
			s.exporter.Opened(c.Finding)
		}
	})
	s.notifier = notify.New(notify.Options{Snapshot: s.watch.Snapshot, Page: external.URL, Runbooks: web.DefaultRunbookBase, Log: log})
	s.exporter = telemetry.New(telemetry.Options{
		Snapshot: s.watch.Snapshot, Log: log, ExternalURL: external.URL,
		State: func() *state.Health { return s.keeper.Load().Health() }, Notifications: s.notifier.Health, Ownership: s.ownership,
		KafkaRequests: kafka.Requests,
	})
	s.manager = collectors.NewManager(s, log)
	return s
}

// send starts sending by OTLP what the environment selects and the file allows. Call it
// before apply. It returns the function that stops it.
func (s *service) send(ctx context.Context, f *config.File) (stop func(), err error) {
	s.sends = otlp.FromFile(f)
	sender, err := otlp.Start(ctx, otlp.Options{Config: s.sends, Gatherer: s.exporter, Version: version.Version, Log: s.log})
	if err != nil {
		return nil, err
	}
	s.sender = sender
	ctx, cancel := context.WithCancel(ctx)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		sender.Follow(ctx, func() []signal.Finding { return s.watch.Snapshot().Open })
	}()
	return func() {
		cancel()
		<-followed
		if err := sender.Stop(); err != nil {
			s.log.Warn("some data could not be sent by OTLP", "err", err)
		}
	}, nil
}

// Report takes one reading: it counts what happened in it once, and lets the modes
// decide.
func (s *service) Report(r signal.Report) {
	if !s.owns(r.TargetID) {
		return // it was read before the lease expired, and another process has read it since
	}
	r = s.Redact(r)
	s.exporter.Read(&r)
	s.watch.Report(r)
}

// Redact hides order ids if privacy requires it, and makes all text from outside safe to show
// before anything else sees it.
func (s *service) Redact(r signal.Report) signal.Report {
	return untrusted.Report(s.veil.Load().Report(r))
}

// apply watches the targets of a config file from now on. ctx is the context of the
// service, not of a request.
func (s *service) apply(ctx context.Context, f *config.File) {
	targets := builtin.Targets(f)
	veil := privacy.FromFile(f)
	s.veil.Store(veil)
	s.explains.Store(explainer(f, s.lookUps))
	span.Private(veil != nil)
	acknowledge.Apply(f)
	s.watch.Acknowledge(acknowledge.FromFile(f))
	alerts := alerting.FromFile(f)
	s.notifier.Apply(ctx, alerts.Settings())
	s.assigning.Lock()
	s.configure(targets)
	started, stopped, kept := s.assign(ctx)
	s.assigning.Unlock()
	s.exporter.ShowOrderIDs(alerts.OrderIDs)
	s.exporter.ReloadSucceeded()
	for _, text := range builtin.Exposed(f) {
		if !s.exposed[text] { // once, not after each reload
			s.exposed[text] = true
			s.log.Warn("credentials are not protected", "warning", text)
		}
	}
	s.log.Info("config applied", "targets", len(targets), "started", started, "stopped", stopped, "kept", kept)
}

// configure takes the targets of a config file.
func (s *service) configure(targets []collectors.Target) {
	s.configured = targets
	ids := make([]signal.TargetID, len(targets))
	for i := range targets {
		ids[i] = targets[i].ID
	}
	s.sharing.Lock()
	s.shared = ids
	s.sharing.Unlock()
	if s.replicas != nil {
		s.replicas.Configure(targets)
	}
}

// handler serves the metrics, the API and the status page.
func (s *service) handler(reload func(context.Context) error, lifecycle, pprof bool) http.Handler {
	return web.New(web.Options{
		Snapshot:  s.whole,
		Own:       s.watch.Snapshot,
		Member:    s.member(),
		Metrics:   s.exporter.Handler(),
		Reload:    reload,
		Lifecycle: lifecycle,
		Now:       time.Now,
		Log:       s.log,
		Pprof:     pprof,
		External:  s.external,
		Explainer: s.explains.Load,
		Version:   cmp.Or(version.Version, "development version"),
	})
}

// member is the name of this process among several, "" if it reads everything.
func (s *service) member() string {
	if s.members == nil {
		return ""
	}
	return s.members.View().Self
}

// checkTargets refuses a config without targets.
func checkTargets(f *config.File, path string) error {
	if len(builtin.Targets(f)) > 0 {
		return nil
	}
	var keys []string
	for _, s := range builtin.Sources() {
		keys = append(keys, s.Section.Key)
	}
	return fmt.Errorf("%s: nothing to watch; add at least one of %s", path, strings.Join(keys, ", "))
}
