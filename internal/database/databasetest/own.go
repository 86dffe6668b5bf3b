//go:build integration

package databasetest

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// server finds a program; $MYSQLD says where MySQL's is, where MariaDB has one of
// the same name.
func server(t *testing.T, program string) (path, version string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil { // Debian keeps it out of the PATH of those who are not root
		path, err = exec.LookPath("/usr/sbin/" + program)
	}
	if own := os.Getenv("MYSQLD"); own != "" && program == "mysqld" {
		path, err = own, nil
	}
	if err != nil {
		t.Fatalf("there is no %s: run test/parts/run --parts=mariadb,mysql go test -tags=integration …, or put one in the PATH or in $MYSQLD", program)
	}
	out, err := exec.Command(path, "--no-defaults", "--version").CombinedOutput()
	if err != nil {
		t.Fatalf("%s --version: %v: %s", path, err, out)
	}
	if strings.Contains(string(out), "MariaDB") != (program == "mariadbd") {
		t.Fatalf("%s is not that of the server that is meant: name MySQL's in $MYSQLD, or run test/parts/run --parts=mysql go test -tags=integration …", path)
	}
	return path, strings.TrimSpace(string(out))
}

// running is a server that was started.
type running struct {
	addr, socket string
	process      *exec.Cmd
}

// start makes a server and starts it.
func start(t *testing.T, program string, mariadb bool, id int, more ...string) running {
	t.Helper()
	home, err := os.MkdirTemp("", "lostorder-replica-") //nolint:usetesting // nobody but us may enter the folder of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	as := owner(t, home, "mysql", "nobody")
	// A folder for temporary files of its own, too: a server that starts clears it.
	options := []string{"--no-defaults", "--datadir=" + filepath.Join(home, "db"), "--tmpdir=" + home}
	if mariadb {
		finish(t, as, home, exec.Command("mariadb-install-db", append(options, "--auth-root-authentication-method=normal", "--force", "--skip-test-db")...))
	} else {
		as, options = mysqlData(t, as, home, program, options)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := running{addr: listener.Addr().String(), socket: filepath.Join(home, "socket")}
	_, port, _ := net.SplitHostPort(r.addr)
	_ = listener.Close()
	r.process = exec.Command(program, append(options, "--bind-address=127.0.0.1", "--port="+port, "--socket="+r.socket, "--pid-file="+filepath.Join(home, "pid"),
		fmt.Sprintf("--server-id=%d", id), "--log-bin=binlog", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0")...)
	r.process.Args = append(r.process.Args, more...)
	r.process.SysProcAttr, r.process.Dir = as, home
	if err := r.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(r.process) })
	return r
}

// mysqlData makes the data of a server of MySQL, of a copy of the folder that $MYSQL_DATA
// names, if it names one: to make it takes seconds. Its program may be where only root
// may enter, so the command line names the user.
func mysqlData(t *testing.T, as *syscall.SysProcAttr, home, program string, options []string) (*syscall.SysProcAttr, []string) {
	t.Helper()
	options = append(options, "--secure-file-priv=", "--innodb-redo-log-capacity=8M")
	if as != nil {
		options = append(options, fmt.Sprintf("--user=%d", as.Credential.Uid))
	}
	if made := os.Getenv("MYSQL_DATA"); made == "" {
		finish(t, nil, home, exec.Command(program, append(options, "--initialize-insecure")...))
	} else {
		finish(t, nil, home, exec.Command("cp", "-r", made, filepath.Join(home, "db")))
		if as != nil {
			finish(t, nil, home, exec.Command("chown", "-R", fmt.Sprint(as.Credential.Uid), filepath.Join(home, "db")))
		}
	}
	return nil, append(options, "--mysqlx=OFF")
}

// finish runs a command that has to succeed.
func finish(t *testing.T, as *syscall.SysProcAttr, dir string, c *exec.Cmd) {
	t.Helper()
	c.SysProcAttr, c.Dir, c.Env = as, dir, append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", c, err, out)
	}
}

// kill ends a process, if it has not ended yet.
func kill(server *exec.Cmd) {
	if server.ProcessState == nil {
		_ = server.Process.Signal(syscall.SIGKILL)
		_ = server.Wait()
	}
}

// await opens a server that has just been started.
func await(t *testing.T, socket, database string) *sql.DB {
	t.Helper()
	settings := mysql.NewConfig()
	settings.User, settings.Net, settings.Addr, settings.DBName, settings.Logger = "root", "unix", socket, database, &mysql.NopLogger{}
	db := openDB(t, "mysql", settings.FormatDSN())
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := db.PingContext(t.Context())
		if err == nil {
			return db
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not come up: %v", err)
		}
	}
}
