//go:build integration

package databasetest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// LogReader reads the binary log of MySQL or MariaDB as Debezium does: as a replica
// that registers nowhere, over the protocol itself, which no driver speaks.
type LogReader struct {
	conn net.Conn
	in   *bufio.Reader
	done chan struct{} // closed when it takes no more
}

// ReadLog logs in as a user without a password, and reads the log from the start of a
// file on.
func ReadLog(t testing.TB, addr, user, file string) *LogReader {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	// Small, so that one that takes nothing is seen to, and not only when megabytes are on their way.
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	r := &LogReader{conn: conn, in: bufio.NewReader(conn), done: make(chan struct{})}
	t.Cleanup(func() { r.Stop() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := r.packet(); err != nil { // the greeting
		t.Fatal(err)
	}
	const protocol41, secure, pluginAuth = 1 << 9, 1 << 15, 1 << 19
	login := binary.LittleEndian.AppendUint32(nil, protocol41|secure|pluginAuth)
	login = binary.LittleEndian.AppendUint32(login, 1<<24-1)
	login = append(append(login, 45), make([]byte, 23)...) // utf8mb4
	login = append(append(login, user...), 0, 0)           // and an empty password
	r.send(t, 1, append(login, "mysql_native_password\x00"...))
	for {
		p, err := r.packet()
		if err != nil {
			t.Fatal(err)
		}
		if p[0] == 0 {
			break
		}
		if p[0] != 0xfe {
			t.Fatalf("log in as %s: %q", user, p)
		}
		r.send(t, 3, nil) // by another way of asking for a password, which is empty
	}
	for _, text := range []string{"SET @master_binlog_checksum = @@global.binlog_checksum, @source_binlog_checksum = @@global.binlog_checksum", "SET @mariadb_slave_capability = 4"} {
		r.send(t, 0, append([]byte{3}, text...))
		if p, err := r.packet(); err != nil || p[0] != 0 {
			t.Fatalf("%s: %v: %q", text, err, p)
		}
	}
	dump := binary.LittleEndian.AppendUint32([]byte{0x12}, 4)
	dump = binary.LittleEndian.AppendUint16(dump, 0)
	dump = binary.LittleEndian.AppendUint32(dump, 4242)
	r.send(t, 0, append(dump, file...))
	if p, err := r.packet(); err != nil || p[0] != 0 {
		t.Fatalf("read the log: %v: %q", err, p)
	}
	_ = conn.SetDeadline(time.Time{})
	go r.run()
	return r
}

func (r *LogReader) run() {
	defer close(r.done)
	for {
		if _, err := r.packet(); err != nil {
			return
		}
	}
}

// Hold has it take nothing more, as one that hangs; it is connected all the same.
func (r *LogReader) Hold() {
	_ = r.conn.SetReadDeadline(time.Now()) // what waits for a packet gives up
	<-r.done
}

// Stop ends it.
func (r *LogReader) Stop() { _ = r.conn.Close() }

func (r *LogReader) send(t testing.TB, n byte, payload []byte) {
	t.Helper()
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))
	head[3] = n
	if _, err := r.conn.Write(append(head, payload...)); err != nil {
		t.Fatal(err)
	}
}

func (r *LogReader) packet() ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r.in, head); err != nil {
		return nil, err
	}
	head[3] = 0
	p := make([]byte, binary.LittleEndian.Uint32(head))
	if _, err := io.ReadFull(r.in, p); err != nil {
		return nil, err
	}
	if len(p) == 0 || p[0] == 0xff {
		return nil, fmt.Errorf("the server says %q", p)
	}
	return p, nil
}
