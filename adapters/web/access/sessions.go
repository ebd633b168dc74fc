package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// How long a session lasts, and how many there are: of too many, the one that was used longest ago ends.
const (
	longestIdle    = 12 * time.Hour
	longestSession = 7 * 24 * time.Hour
	maxSessions    = 256
)

// sessionBytes is what a session's secret has: 256 bits.
const sessionBytes = 32

// sessions are the visitors who have logged in. Only hashes of what their browsers know are kept, and only
// in memory: all of them end with the program.
type sessions struct {
	mu   sync.Mutex
	kept *recent[[sha256.Size]byte, *session]
}

type session struct {
	visitor Visitor
	seen    time.Time
	lasts   context.Context // until it has ended: what takes long ends with it
	end     context.CancelFunc
}

func newSessions() *sessions {
	s := &sessions{kept: newRecent[[sha256.Size]byte, *session](maxSessions)}
	s.kept.gone = func(ended *session) { ended.end() }
	return s
}

// begin returns the secret of a new session.
func (s *sessions) begin(v Visitor) string {
	random := make([]byte, sessionBytes)
	_, _ = rand.Read(random) // it cannot fail
	secret := base64.RawURLEncoding.EncodeToString(random)
	lasts, end := context.WithTimeout(context.Background(), longestSession)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.put(sha256.Sum256([]byte(secret)), &session{visitor: v, seen: time.Now(), lasts: lasts, end: end})
	return secret
}

// find returns whose session it is, and a context that ends with it.
func (s *sessions) find(secret string) (Visitor, context.Context, bool) {
	key, now := sha256.Sum256([]byte(secret)), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.kept.get(key)
	if !ok {
		return Visitor{}, nil, false
	}
	if last, _ := found.lasts.Deadline(); now.Sub(found.seen) >= longestIdle || !now.Before(last) {
		s.kept.remove(key)
		return Visitor{}, nil, false
	}
	found.seen = now
	return found.visitor, found.lasts, true
}

// end ends a session, if it is one.
func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.remove(sha256.Sum256([]byte(secret)))
}
