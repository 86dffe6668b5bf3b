//go:build integration

package faults_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// proxy is lostorder's way to a server.
type proxy struct {
	t *testing.T
	*toxiproxy.Proxy
}

func newProxy(t *testing.T, name, upstream string) *proxy {
	t.Helper()
	return newProxyAt(t, name, "127.0.0.1:0", upstream)
}

func newProxyAt(t *testing.T, name, listen, upstream string) *proxy {
	t.Helper()
	p := &proxy{t, toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), name, listen, upstream)}
	p.open()
	t.Cleanup(p.Stop)
	return p
}

// open lets connections in again after Stop, at the same address.
func (p *proxy) open() {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatalf("start the proxy of %s: %v", p.Name, err)
	}
}

// cut ends every connection.
func (p *proxy) cut() {
	p.t.Helper()
	p.Stop()
	p.open()
}

// add adds a toxic, and remove removes it.
func (p *proxy) add(toxic string) {
	p.t.Helper()
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Fatalf("add toxic %s: %v", toxic, err)
	}
}

func (p *proxy) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	p.Toxics.ResetToxics(ctx)
	p.cut() // connections that a toxic held
}
