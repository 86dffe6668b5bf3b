package collectortest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lostorder/lostorder/internal/signal"
)

func whole(r signal.Report) bool  { return r.Complete() && !r.Empty() }
func failed(r signal.Report) bool { return !r.Complete() && r.Empty() }

func readsWhole(t *testing.T, env Env) {
	run := launch(t, env)
	r := run.await("a whole reading", whole)
	if r.TargetID != env.Target.ID {
		t.Errorf("the report is of target %s, want %s", r.TargetID, env.Target.ID)
	}
	if r.At.IsZero() || r.Duration <= 0 || r.Interval <= 0 {
		t.Errorf("the report says at %v, took %v, interval %v; all must be known", r.At, r.Duration, r.Interval)
	}
}

func endsWhenCancelled(t *testing.T, env Env) {
	run := launch(t, env)
	run.await("a whole reading", whole)
	run.stop()
}

func endsWhileHanging(t *testing.T, env Env) {
	need(t, env.Hang)
	run := launch(t, env)
	run.await("a whole reading", whole)
	env.Hang()
	// After a failed reading, the next one runs or is about to run.
	run.await("a failed reading", failed)
	run.stop()
}

func endsUnanswered(t *testing.T, env Env) {
	need(t, env.Hang)
	env.Hang()
	run := launch(t, env)
	run.await("a failed reading", failed)
	run.stop()
}

func recoversFromHang(t *testing.T, env Env) {
	need(t, env.Hang)
	run := launch(t, env)
	run.await("a whole reading", whole)
	env.Hang()
	r := run.await("a failed reading", failed)
	if !isTimeout(r.Err) {
		t.Errorf("the error of a server that hangs does not mention a timeout: %v", r.Err)
	}
	env.Heal()
	run.await("a whole reading after it was healed", whole)
}

func recoversFromBreak(t *testing.T, env Env) {
	need(t, env.Break)
	run := launch(t, env)
	run.await("a whole reading", whole)
	env.Break()
	run.await("a failed reading", failed)
	env.Heal()
	run.await("a whole reading after it was healed", whole)
}

func startsBeforeServer(t *testing.T, env Env) {
	need(t, env.Break)
	env.Break()
	run := launch(t, env)
	run.await("a failed reading", failed)
	env.Heal()
	run.await("a whole reading once the server is up", whole)
}

func readsInPart(t *testing.T, env Env) {
	if env.Partial == nil {
		t.Skip("the source has no parts")
	}
	run := launch(t, env)
	run.await("a whole reading", whole)
	env.Partial()
	r := run.await("a partial reading", func(r signal.Report) bool { return !r.Complete() && !r.Empty() })
	if !strings.Contains(r.Err.Error(), env.Missing) {
		t.Errorf("the error does not name %q, which is missing: %v", env.Missing, r.Err)
	}
}

func changesNothing(t *testing.T, env Env) {
	if env.Fingerprint == nil {
		t.Fatal("Env.Fingerprint is nil: nothing shows that the source is read-only")
	}
	before := env.Fingerprint()
	if again := env.Fingerprint(); again != before {
		t.Fatalf("the fingerprint changes by itself:\n%s\nthen:\n%s", before, again)
	}
	readings := 100
	if testing.Short() {
		readings = 10
	}
	run := launch(t, env)
	for range readings {
		run.await("a whole reading", whole)
	}
	if after := env.Fingerprint(); after != before {
		t.Errorf("the server changed while it was watched; before:\n%s\nwhile watched:\n%s", before, after)
	}
	run.stop()
	if after := env.Fingerprint(); after != before {
		t.Errorf("the server changed; before:\n%s\nafter:\n%s", before, after)
	}
}

// namesNoSecret triggers every kind of output of a collector. As in every other test,
// stop checks that the output contains no secret.
func namesNoSecret(t *testing.T, env Env) {
	if len(env.Secrets) == 0 {
		t.Skip("the target has no secret")
	}
	shown := fmt.Sprintf("%v %+v %#v", env.Target.Config, env.Target.Config, env.Target.Config)
	encoded, err := json.Marshal(env.Target.Config)
	if err != nil {
		encoded = []byte(err.Error())
	}
	for _, secret := range env.Secrets {
		if strings.Contains(shown, secret) || strings.Contains(string(encoded), secret) {
			t.Errorf("the config shows a secret when it is printed: %s", strings.ReplaceAll(shown, secret, "<SECRET>"))
		}
	}
	run := launch(t, env)
	run.await("a whole reading", whole)
	for _, trouble := range []func(){env.Break, env.Hang} {
		if trouble == nil {
			continue
		}
		trouble()
		run.await("a failed reading", failed)
		env.Heal()
		run.await("a whole reading after it was healed", whole)
	}
	run.stop()
}

func need(t *testing.T, trouble func()) {
	t.Helper()
	if trouble == nil {
		t.Skip("the target has no server that could do this")
	}
}

func isTimeout(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		os.IsTimeout(err) || strings.Contains(err.Error(), "timeout")
}
