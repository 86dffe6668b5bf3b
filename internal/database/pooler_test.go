package database_test

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestAPoolerThatRefusesASettingIsAskedWithoutIt imitates PgBouncer, which refuses
// what it does not know in the greeting.
func TestAPoolerThatRefusesASettingIsAskedWithoutIt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var greetings []map[string]string
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server := pgproto3.NewBackend(conn, conn)
			message, err := server.ReceiveStartupMessage()
			if greeting, ok := message.(*pgproto3.StartupMessage); ok && err == nil {
				mu.Lock()
				greetings = append(greetings, greeting.Parameters)
				mu.Unlock()
				answer := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "53300", Message: "no more connections allowed"}
				if _, given := greeting.Parameters["default_transaction_read_only"]; given {
					answer = &pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: default_transaction_read_only"}
				}
				server.Send(answer)
				_ = server.Flush()
			}
			_ = conn.Close()
		}
	})
	defer serving.Wait()
	defer func() { _ = listener.Close() }()

	_, err = tally(t.Context(), open(t, "postgres://lostorder:hunter22@"+listener.Addr().String()+"/shop?sslmode=disable", ""), "moments")
	if err == nil || !strings.Contains(err.Error(), "no connection left") {
		t.Errorf("got %v, want what the server said the second time", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(greetings) < 2 || greetings[1]["application_name"] != "lostorder" {
		t.Errorf("the greetings are %v", greetings)
	}
}
