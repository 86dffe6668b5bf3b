package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// How long a client may take. The write timeout is long, because a CPU profile takes as
// long as requested.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 2 * time.Minute
	idleTimeout   = 2 * time.Minute
	// shutdownTimeout is how long requests in progress may take to finish.
	shutdownTimeout = 5 * time.Second
)

// Serve serves the handler as the flags say, until ctx ends, with TLS and basic auth if
// the web config file has them. It returns when everything it started has ended, nil if
// ctx was the reason.
func Serve(ctx context.Context, handler http.Handler, flags *toolkit.FlagConfig, log *slog.Logger) error {
	return run(ctx, handler, log, func(server *http.Server) error { return toolkit.ListenAndServe(server, flags, log) })
}

// ServeOn is Serve in plain text on an open listener, which it closes.
func ServeOn(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	return run(ctx, handler, log, func(server *http.Server) error { return server.Serve(listener) })
}

func run(ctx context.Context, handler http.Handler, log *slog.Logger, serve func(*http.Server) error) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- serve(server) }()
	select {
	case err := <-served:
		if bind, ok := errors.AsType[*net.OpError](err); ok && bind.Op == "listen" {
			err = fmt.Errorf("%w; choose another --web.listen-address", err)
		}
		return errors.Join(fmt.Errorf("serve http: %w", err), server.Close())
	case <-ctx.Done():
	}
	// The context that ended must not cut short the requests in progress.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err := server.Shutdown(grace)
	if err != nil {
		log.Warn("closing http requests that take too long", "err", err)
		err = server.Close()
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	if err != nil {
		return fmt.Errorf("shut down http: %w", err)
	}
	return nil
}
