package dialect

import (
	"net"
	"strings"
)

// IsLocal reports whether a host is this machine, by its name, its address or its socket.
func IsLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || ip != nil && ip.IsLoopback()
}
