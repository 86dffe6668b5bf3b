package collectortest

import (
	"net"
	"sync"
	"testing"
)

// Proxy is a TCP proxy between a collector and a server. It can simulate a server that
// hangs or is gone. At first it passes everything.
type Proxy struct {
	t      testing.TB
	addr   string
	target string

	mu       sync.Mutex
	listener net.Listener  // nil while it refuses
	open     chan struct{} // closed while bytes may pass
	conns    map[net.Conn]struct{}
	closed   bool
	running  sync.WaitGroup
}

// NewProxy listens on a free port of the loopback and forwards to target. It ends with
// the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	p := &Proxy{t: t, target: target, open: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(p.open)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for the proxy: %v", err)
	}
	p.addr = listener.Addr().String()
	p.serve(listener)
	t.Cleanup(p.close)
	return p
}

// Addr is the address of the proxy. It never changes.
func (p *Proxy) Addr() string { return p.addr }

// Pass lets everything through again.
func (p *Proxy) Pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unblock()
	if p.listener != nil || p.closed {
		return
	}
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Errorf("listen again for the proxy: %v", err)
		return
	}
	p.serve(listener)
}

// Hang accepts connections and bytes and forwards none.
func (p *Proxy) Hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.open:
		p.open = make(chan struct{})
	default:
	}
}

// Refuse closes all connections and refuses new ones.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse()
}

func (p *Proxy) refuse() {
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	for conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *Proxy) unblock() {
	select {
	case <-p.open:
	default:
		close(p.open)
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.refuse()
	p.unblock()
	p.mu.Unlock()
	p.running.Wait()
}

// serve accepts until the listener is closed. The caller holds the lock, or is the only
// one.
func (p *Proxy) serve(listener net.Listener) {
	p.listener = listener
	p.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.pass(conn) })
		}
	})
}

// pass connects one connection to the server until either side closes it.
func (p *Proxy) pass(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	end := func() {
		_ = client.Close()
		_ = server.Close()
	}
	p.mu.Lock()
	refused := p.closed || p.listener == nil
	if !refused {
		p.conns[client] = struct{}{}
	}
	p.mu.Unlock()
	if refused {
		end()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client); end() })
	both.Go(func() { p.copy(client, server); end() })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, client)
	p.mu.Unlock()
}

// copy forwards bytes while the gate is open and holds them while it is shut.
func (p *Proxy) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		<-open
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
