//go:build integration

package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/lostorder/lostorder/collectors/rabbitmq/rabbitmqtest"
	"github.com/lostorder/lostorder/internal/demo"
	"github.com/lostorder/lostorder/internal/demo/demotest"
)

// madeByDemo is the prefix of everything that the demo creates on a broker.
const madeByDemo = "lostorder-demo-"

// playOn returns the demo command on a broker and its output. It uses the program without
// the race detector, which is too slow for a whole shop beside other tests.
func playOn(t *testing.T, address string, args ...string) (run *exec.Cmd, out, errs *bytes.Buffer) {
	t.Helper()
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	run = exec.CommandContext(t.Context(), plainBinary, append([]string{"demo", "--json", "--web.listen-address=127.0.0.1:0", "--rabbitmq=" + address}, args...)...)
	run.Stdout, run.Stderr = out, errs
	return run, out, errs
}

// keepsNothing checks that nothing of the demo is left.
func (b *rabbit) keepsNothing() {
	b.t.Helper()
	for _, what := range []string{"queues", "exchanges"} {
		if names := b.call("GET", "/api/"+what+"?columns=name", ""); strings.Contains(names, madeByDemo) {
			b.t.Errorf("%s are left: %s", what, names)
		}
	}
}

// TestRealRabbitInTheDemo plays the whole demo with a part of the shop on a real broker.
func TestRealRabbitInTheDemo(t *testing.T) {
	b := openRabbit(t, "RABBITMQ")
	rabbitmqtest.LosesNothing(t, b.plugin)
	s, out := demotest.Perfect(t, func(slower string) (string, string) {
		run, out, errs := playOn(t, server(t, "RABBITMQ_URL"), slower, "--seed=1")
		err := run.Run()
		return out.String(), fmt.Sprint(err, "\n", errs)
	})
	if s.Faults != len(demo.Drills())+2 {
		t.Errorf("%+v\n%s", s, out)
	}
	if !strings.Contains(out, madeByDemo) {
		t.Errorf("nothing was found on RabbitMQ:\n%s", out)
	}
	b.keepsNothing()
}

// TestRealRabbitIsCleanAfterAnInterruptedDemo, here in
// another virtual host.
func TestRealRabbitIsCleanAfterAnInterruptedDemo(t *testing.T) {
	b := openRabbit(t, "RABBITMQ")
	run, _, errs := playOn(t, server(t, "RABBITMQ_URL"), "--rabbitmq.amqp="+b.amqpIn(b.vhost))
	run.Stdout = nil
	stdout, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(stdout).Scan() {
		t.Errorf("the demo printed nothing: %s", errs)
	}
	if names := b.call("GET", "/api/queues/"+url.PathEscape(b.vhost)+"?columns=name", ""); !strings.Contains(names, madeByDemo) {
		t.Errorf("nothing was created in the virtual host: %s", names)
	}
	if err := run.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := run.Wait(); err == nil || errs.String() != "lostorder: interrupted\n" {
		t.Errorf("%v, %q", err, errs)
	}
	b.keepsNothing()
}

func TestRealRabbitThatRefusesTheDemoIsReported(t *testing.T) {
	t.Parallel()
	b := openRabbit(t, "RABBITMQ")
	wrong := strings.Replace(server(t, "RABBITMQ_URL"), b.password, "hush", 1)
	for does, c := range map[string]struct {
		address, flag, says string
	}{
		"a wrong password":            {wrong, "--seed=1", "lostorder: --rabbitmq: " + b.management + ` refuses the user "lostorder"; check the password`},
		"a wrong password for AMQP":   {server(t, "RABBITMQ_URL"), "--rabbitmq.amqp=" + strings.Replace(b.amqpIn("/"), b.password, "hush", 1), "lostorder: connect to RabbitMQ at "},
		"a virtual host that is none": {server(t, "RABBITMQ_URL"), "--rabbitmq.amqp=" + b.amqpIn("none-such"), "lostorder: connect to RabbitMQ at "},
		"no management API":           {strings.Replace(server(t, "RABBITMQ_PROMETHEUS_URL"), "//", "//guest:hush@", 1), "--seed=1", "lostorder: --rabbitmq: "},
	} {
		t.Run(does, func(t *testing.T) {
			run, _, errs := playOn(t, c.address, c.flag)
			if err := run.Run(); err == nil || !strings.HasPrefix(errs.String(), c.says) || strings.Count(errs.String(), "\n") != 1 {
				t.Errorf("%v, %q, should begin with %q", err, errs, c.says)
			}
			if strings.Contains(errs.String(), "hush") || strings.Contains(errs.String(), b.password) {
				t.Errorf("a password is shown: %s", errs)
			}
		})
	}
}

// amqpIn is the AMQP address of the broker with a virtual host.
func (b *rabbit) amqpIn(vhost string) string {
	u, err := url.Parse(server(b.t, "RABBITMQ_AMQP_URL"))
	if err != nil {
		b.t.Fatal(err)
	}
	u.Path, u.RawPath = "/"+vhost, "/"+url.PathEscape(vhost)
	return u.String()
}
