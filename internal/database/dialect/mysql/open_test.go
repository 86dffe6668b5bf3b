package mysql_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/dialect"
	"github.com/lostorder/lostorder/internal/database/dialect/mysql"
)

// Capability flags of the client/server protocol of MySQL.
const (
	protocol41       = 1 << 9
	ssl              = 1 << 11
	secureConnection = 1 << 15
)

// TestTLSIsUsedAgainAfterAServerOfferedNone: a server, or a proxy of several, that offers no
// TLS once does not keep later connections from using it.
func TestTLSIsUsedAgainAfterAServerOfferedNone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	server, err := mysql.Engine.New(dialect.Settings{
		URL: config.Secret("mysql://watcher:planted@" + listener.Addr().String() + "/shop"), ConnectTimeout: config.Duration(5 * time.Second),
	})
	if err != nil {
		t.Fatal(err)
	}
	db, err := server.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, offered := range []uint32{0, ssl} {
		asked := make(chan uint32, 1)
		go func() { asked <- capabilitiesAsked(listener, protocol41|secureConnection|offered) }()
		if err := db.PingContext(t.Context()); err == nil {
			t.Error("the server that hangs up is reachable")
		}
		if got := <-asked & ssl; got != offered {
			t.Errorf("the server offers TLS: %t; the client uses it: %t", offered != 0, got != 0)
		}
	}
}

// capabilitiesAsked greets one client as MySQL does, and returns what the client asks for.
func capabilitiesAsked(listener net.Listener, capabilities uint32) uint32 {
	conn, err := listener.Accept()
	if err != nil {
		return 0
	}
	defer func() { _ = conn.Close() }()
	greeting := append([]byte{10}, "8.0.40\x00"...)
	greeting = append(greeting, 1, 0, 0, 0)                                            // connection
	greeting = append(greeting, "abcdefgh\x00"...)                                     // first part of the challenge
	greeting = binary.LittleEndian.AppendUint16(greeting, uint16(capabilities&0xffff)) // low half
	greeting = append(greeting, 45, 2, 0)                                              // utf8mb4, autocommit
	greeting = binary.LittleEndian.AppendUint16(greeting, uint16(capabilities>>16))    // high half
	greeting = append(append(greeting, 21), make([]byte, 10)...)                       // length of the challenge
	greeting = append(append(greeting, "ijklmnopqrst\x00"...), "mysql_native_password\x00"...)
	if _, err := conn.Write(append([]byte{byte(len(greeting)), 0, 0, 0}, greeting...)); err != nil {
		return 0
	}
	answer := make([]byte, 8)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return 0
	}
	return binary.LittleEndian.Uint32(answer[4:])
}
