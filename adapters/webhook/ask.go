package webhook

import (
	"context"
	"fmt"

	"butlr-gateway/adapters/internal/peers"
)

// Ask asks the server for its path as a sender would, over its own port, and returns nil if it is answered, whatever the
// answer: it is no POST, and changes nothing. It takes no sender's place, is in no metric and in no log. An error says
// that the server did not answer before ctx ended, nor anybody else meanwhile.
func (s *Server) Ask(ctx context.Context) error {
	secure := s.files != nil || s.options.Certificate != nil
	if err := s.visits.Ask(ctx, s.Addr(), s.visits.Answered, peers.Get(s.options.Path, secure)); err != nil {
		return fmt.Errorf("asking the webhook on %s: %w", s.Addr(), err)
	}
	return nil
}
