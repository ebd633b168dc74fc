package access

import (
	"context"
	"crypto/rand"
)

// keys are the passwords, and what was opened with them: sessions, and passwords that were right a while ago. Other
// passwords come with all of these new, so that nothing goes on that was opened with one that is out of force; who
// logs in at that moment with the old one gets a session that nobody finds.
type keys struct {
	passwords *passwords
	sessions  *sessions
	doors     *doors
	lasts     context.Context // while they are in force: what takes long, without a session, ends with it
	end       context.CancelFunc
}

func newKeys(p *passwords, d *doors) *keys {
	k := &keys{passwords: p, sessions: newSessions(), doors: d}
	k.lasts, k.end = context.WithCancel(context.Background())
	return k
}

// Change checks other passwords, as [Options] has them, and returns what puts them in force; that cannot fail. Whoever
// is there is turned out, and may log in again. The error is a [BadPassword].
func (g *Gate) Change(operator, viewer string) (apply func(), err error) {
	others, err := newPasswords(operator, viewer)
	if err != nil {
		return nil, err
	}
	return func() {
		before := g.keys.Load()
		g.keys.Store(newKeys(others, before.doors.with(others)))
		before.sessions.endAll()
		before.end()
	}, nil
}

// with returns doors at which other passwords are tried. Who has guessed wrong so far has.
func (d *doors) with(p *passwords) *doors {
	other := &doors{
		passwords: p, guesses: d.guesses, remembered: newRecent[fingerprint, remembered](maxRemembered),
		results: d.results, pauses: d.pauses, log: d.log,
	}
	_, _ = rand.Read(other.key[:]) // it cannot fail
	return other
}

// endAll ends every session.
func (s *sessions) endAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.kept.of {
		s.kept.remove(key)
	}
}
