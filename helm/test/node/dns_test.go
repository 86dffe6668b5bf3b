//go:build kubernetes

package node

import (
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// dns answers the pods' questions for services, as the DNS of a cluster does. Pods ask the
// address of this machine.
func (c *cluster) dns() {
	c.t.Helper()
	conn, err := net.ListenPacket("udp", net.JoinHostPort(need(c.t, "KUBERNETES_HOST_IP"), "53"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close() })
	go func() {
		packet := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(packet[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			c.answer(&m)
			if answer, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
}

// answer answers a question for the address of a service in the tests' namespace. All other
// names do not exist.
func (c *cluster) answer(m *dnsmessage.Message) {
	question := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals, m.RCode = true, true, nil, dnsmessage.RCodeNameError
	service, ok := strings.CutSuffix(question.Name.String(), "."+namespace+".svc.cluster.local.")
	if !ok {
		return
	}
	s, err := c.CoreV1().Services(namespace).Get(c.t.Context(), service, meta.GetOptions{})
	if err != nil {
		return
	}
	m.RCode = dnsmessage.RCodeSuccess
	if ip := net.ParseIP(s.Spec.ClusterIP).To4(); ip != nil && question.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Type: question.Type, Class: question.Class, TTL: 5},
			Body:   &dnsmessage.AResource{A: [4]byte(ip)},
		}}
	}
}
