package collectors

import (
	"net"
	"strings"
)

// IsLocal reports whether an address, a host or host:port, is this machine: what is sent
// there crosses no network.
func IsLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
