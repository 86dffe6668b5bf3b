package notify

import (
	"cmp"
	"context"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lostorder/lostorder/internal/detect"
	"github.com/lostorder/lostorder/internal/signal"
	"github.com/lostorder/lostorder/internal/watch"
)

// Timing is how long deliveries wait. A zero field has its default.
type Timing struct {
	Settle     time.Duration // after a change, for others
	Timeout    time.Duration // of one request
	FirstRetry time.Duration // and then twice as long each time
	LastRetry  time.Duration // and no longer
	Stop       time.Duration // for the last deliveries
}

func (t Timing) withDefaults() Timing {
	return Timing{
		Settle: cmp.Or(t.Settle, 2*time.Second), Timeout: cmp.Or(t.Timeout, 10*time.Second),
		FirstRetry: cmp.Or(t.FirstRetry, time.Second), LastRetry: cmp.Or(t.LastRetry, 5*time.Minute), Stop: cmp.Or(t.Stop, 3*time.Second),
	}
}

// Options configure a Notifier.
type Options struct {
	// Snapshot returns the current snapshot. It must not block.
	Snapshot func() *watch.Snapshot
	// Page is the address of the status page for browsers, without a slash at its end; empty
	// if unknown. Runbooks is the folder in which <mode>.md explains a failure mode.
	Page, Runbooks string
	Now            func() time.Time // time.Now when nil
	Log            *slog.Logger     // slog.Default() when nil
	Timing         Timing
}

// Settings are what the config file says.
type Settings struct {
	Webhooks   []Webhook
	Interval   time.Duration // at most one delivery in it
	Repeat     time.Duration // after how long an open finding is sent again; 0: never
	NameOrders bool          // notifications may name orders
}

// Notifier sends findings to webhooks. Its methods never wait for a receiver.
type Notifier struct {
	Options
	links links
	dir   string        // where the memory is kept; empty: nowhere
	dirty chan struct{} // the memory differs from the file

	mu    sync.Mutex
	hooks []*hook
	kept  map[string][]*entry // from before the restart, by webhook
	blind blindness

	stop    context.CancelFunc // of what keeps the memory and observes the targets
	running sync.WaitGroup
}

// New returns a Notifier without webhooks.
func New(o Options) *Notifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Timing = o.Timing.withDefaults()
	return &Notifier{
		Options: o, links: links{page: o.Page, runbooks: o.Runbooks}, dirty: make(chan struct{}, 1),
		blind: blindness{since: map[signal.TargetID]time.Time{}, open: map[signal.TargetID]alert{}},
	}
}

// KeepIn keeps what receivers know in a directory, across a restart. It comes before Apply.
func (n *Notifier) KeepIn(dir string) { n.dir = dir }

// Changed takes a finding that opened or closed. It does not block.
func (n *Notifier) Changed(c detect.Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.hooks {
		h.changed(&c.Finding)
	}
}

// Resumed notes findings that another replica has sent until now: they grow and close here
// from now on.
func (n *Notifier) Resumed(findings []signal.Finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.hooks {
		for i := range findings {
			if a := alertOf(&findings[i], h.nameOrders); h.wants(a.Severity) {
				h.book.resume(&a, n.Now())
			}
		}
	}
}

// Released notes that another replica sends the findings of a target from now on.
func (n *Notifier) Released(target signal.TargetID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.hooks {
		h.book.release(target.String())
	}
}

// Apply delivers as the config file says from now on. The first call comes after findings
// from before a restart are open again.
func (n *Notifier) Apply(ctx context.Context, s Settings) {
	for _, h := range n.replace(ctx, s) {
		h.cancel()
		h.abort()
		<-h.done
		h.client.CloseIdleConnections()
	}
}

// replace starts the webhooks that are new, and returns those that are to end.
func (n *Notifier) replace(ctx context.Context, s Settings) (ended []*hook) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.stop == nil && len(s.Webhooks) > 0 {
		n.begin(ctx)
	}
	before := n.hooks
	n.hooks = nil
	common := settings{interval: s.Interval, repeat: s.Repeat, nameOrders: s.NameOrders, timing: n.Timing, now: n.Now}
	for _, w := range Named(s.Webhooks) {
		i := slices.IndexFunc(before, func(h *hook) bool { return h.key() == w.key() })
		if i >= 0 && reflect.DeepEqual(before[i].Webhook, w) && before[i].interval == s.Interval && before[i].repeat == s.Repeat && before[i].nameOrders == s.NameOrders {
			n.hooks = append(n.hooks, before[i])
			before = slices.Delete(slices.Clone(before), i, i+1)
			continue
		}
		h := n.newHook(w, common)
		if i >= 0 {
			entries := before[i].book.all()
			for j := range entries {
				h.book.entries[entries[j].Alert.ID] = &entries[j]
				if !entries[j].Alert.open() {
					h.book.closed++
				}
			}
		} else if kept, ok := n.kept[w.key()]; ok {
			h.book.restore(kept)
			delete(n.kept, w.key())
		}
		for _, a := range n.openAlerts(h) {
			h.book.put(&a)
		}
		n.start(ctx, h)
		n.hooks = append(n.hooks, h)
	}
	n.keep()
	return before
}

func (n *Notifier) start(ctx context.Context, h *hook) {
	ctx, h.cancel = context.WithCancel(context.WithoutCancel(ctx)) // until Stop
	var requests context.Context
	requests, h.abort = context.WithCancel(context.WithoutCancel(ctx))
	go h.run(ctx, requests, func(b *book) {
		n.mu.Lock()
		open := n.openAlerts(h)
		n.mu.Unlock()
		b.refresh(open, n.Snapshot(), n.Now())
	})
}

// openAlerts are all that are open now, for one webhook.
func (n *Notifier) openAlerts(h *hook) []alert {
	known := n.Snapshot()
	all := n.blind.all()
	explained := map[string][]string{}
	for i := range known.Open {
		if f := &known.Open[i]; f.CausedBy != "" {
			explained[f.CausedBy] = append(explained[f.CausedBy], string(f.Mode)+" of "+f.Subject.String())
		}
	}
	for i := range known.Open {
		a := alertOf(&known.Open[i], h.nameOrders)
		a.Explains = explained[a.ID]
		all = append(all, a)
	}
	return all
}

// begin reads the memory, keeps it from then on, and observes the targets.
func (n *Notifier) begin(ctx context.Context) {
	n.kept = n.load()
	ctx, n.stop = context.WithCancel(context.WithoutCancel(ctx))
	n.running.Go(func() { n.keepFile(ctx) })
	n.running.Go(func() { n.observeTargets(ctx) })
}

// observeEvery is how often the notifier observes whether targets can be read.
const observeEvery = 15 * time.Second

func (n *Notifier) observeTargets(ctx context.Context) {
	for ctx.Err() == nil {
		sleep(ctx, observeEvery)
		n.observeOnce()
	}
}

func (n *Notifier) observeOnce() {
	known := n.Snapshot()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range n.blind.observe(known, n.Now()) {
		for _, h := range n.hooks {
			h.put(a)
		}
	}
}

// Stop ends all deliveries. Each webhook gets one last chance, for a few seconds.
func (n *Notifier) Stop() {
	n.mu.Lock()
	hooks := n.hooks
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), n.Timing.Stop)
	defer cancel()
	var last sync.WaitGroup
	for _, h := range hooks {
		last.Go(func() {
			h.cancel()
			defer context.AfterFunc(ctx, h.abort)()
			<-h.done
			h.abort()
			_, _ = h.deliver(ctx, ctx) // logged there
			h.client.CloseIdleConnections()
		})
	}
	last.Wait()
	if n.stop == nil {
		return
	}
	n.stop()
	n.running.Wait()
	if err := n.save(hooks); err != nil {
		n.Log.Error("write what webhooks know", "err", err)
	}
}

// Health returns how the deliveries do, in the order of the config file.
func (n *Notifier) Health() []Health {
	n.mu.Lock()
	hooks := n.hooks
	n.mu.Unlock()
	all := make([]Health, 0, len(hooks))
	for _, h := range hooks {
		c := h.health.copy()
		c.Pending = h.book.pending(n.Now())
		all = append(all, c)
	}
	return all
}

// Named returns the webhooks, each with a name.
func Named(webhooks []Webhook) []Webhook {
	all := slices.Clone(webhooks)
	for i := range all {
		if all[i].Name == "" {
			all[i].Name = all[i].Format + "-" + strconv.Itoa(i+1)
		}
	}
	return all
}
