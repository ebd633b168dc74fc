package webhook

import "fmt"

// door decides who is let in. It is never altered: other options make another one.
type door struct {
	secrets *secrets
	proxies proxies
}

func newDoor(o *Options) *door { return &door{newSecrets(o), o.TrustedProxies} }

// Reload checks other options, and returns what puts those in force that can be changed while it serves: what a sender
// must know, and TrustedProxies. All else is as it was, whatever they say. What is returned cannot fail; a request that
// is being answered goes by what was in force as it began.
func (s *Server) Reload(o Options) (apply func(), err error) {
	changed := s.options
	changed.HeaderName, changed.HeaderValue, changed.HeaderValueNext = o.HeaderName, o.HeaderValue, o.HeaderValueNext
	changed.Username, changed.Password, changed.TrustedProxies = o.Username, o.Password, o.TrustedProxies
	if err := changed.check(); err != nil {
		return nil, fmt.Errorf("changing the webhook: %w", err)
	}
	other := newDoor(&changed)
	return func() { s.door.Store(other) }, nil
}
