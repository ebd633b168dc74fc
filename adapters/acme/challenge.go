package acme

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"butlr-gateway/adapters/internal/peers"
)

// Whoever comes to port 80 is answered with a few bytes or with 404, and must not stay.
const (
	visitTime   = 5 * time.Second
	maxVisitors = 32
	maxHeader   = 4 << 10 // bytes; net/http takes 4 KiB more
)

// serveChallenges answers HTTP-01 until ctx ends. The channel has its end: an error where the port was lost.
func (k *Keeper) serveChallenges(ctx context.Context) <-chan error {
	ended := make(chan error, 1)
	if k.listener == nil {
		context.AfterFunc(ctx, func() { ended <- nil })
		return ended
	}
	open := peers.NewConnections(k.listener, maxVisitors, new(peers.Visits))
	server := &http.Server{
		Handler: http.MaxBytesHandler(k.challenge, 0), MaxHeaderBytes: maxHeader, ConnState: open.Note,
		ReadTimeout: visitTime, WriteTimeout: visitTime, IdleTimeout: visitTime, ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() {
		err := server.Serve(open)
		open.Wait()
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		} else {
			err = fmt.Errorf("answering ACME on %s: %w", k.listener.Addr(), err)
		}
		ended <- err
	}()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return ended
}
