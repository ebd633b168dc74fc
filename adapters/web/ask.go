package web

import (
	"context"
	"fmt"
	"net/http"

	"butlr-gateway/adapters/internal/peers"
	"butlr-gateway/adapters/web/door"
)

const askedFor = "/healthz"

// Ask asks the server for the gateway's health as others would, over its own port or socket, and returns nil if it is
// answered, whatever the answer. At a port it takes nobody's place. An error says that the server did not answer before
// ctx ended, nor anybody else meanwhile; it is [io/fs.ErrNotExist] where the socket's file is gone.
func (s *Server) Ask(ctx context.Context) error {
	if s.socket {
		return s.askSocket(ctx)
	}
	if err := s.visits.Ask(ctx, s.Addr(), s.visits.Answered, peers.Get(askedFor, s.files != nil)); err != nil {
		return fmt.Errorf("asking the page on %s: %w", s.Addr(), err)
	}
	return nil
}

func (s *Server) askSocket(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway"+askedFor, http.NoBody)
	if err != nil {
		return err
	}
	r.Close = true
	answer, err := door.To(s.options.Listen).RoundTrip(r)
	if err != nil {
		return fmt.Errorf("asking the control socket: %w", err)
	}
	return answer.Body.Close()
}
