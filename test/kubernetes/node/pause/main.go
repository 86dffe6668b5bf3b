// Pause is the program of pods in tests. It does nothing, or forwards connections: with the
// argument ":5672=10.0.0.1:31234" what connects to port 5672 of its pod reaches 10.0.0.1:31234.
// Outside of pods it forwards from the node's network to servers of the machine.
package main

import (
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	for _, arg := range os.Args[1:] {
		from, to, ok := strings.Cut(arg, "=")
		if !ok {
			log.Fatalf("%q is not of the form ADDRESS=ADDRESS", arg)
		}
		listener, err := net.Listen("tcp", from)
		if err != nil {
			log.Fatal(err)
		}
		go forward(listener, to)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
}

func forward(listener net.Listener, to string) {
	for {
		in, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer func() { _ = in.Close() }()
			out, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer func() { _ = out.Close() }()
			go func() {
				_, _ = io.Copy(out, in)
				_ = out.(*net.TCPConn).CloseWrite()
			}()
			_, _ = io.Copy(in, out)
		}()
	}
}
