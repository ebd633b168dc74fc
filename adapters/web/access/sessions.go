package access

import (
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
	visitor     Visitor
	began, seen time.Time
}

func newSessions() *sessions {
	return &sessions{kept: newRecent[[sha256.Size]byte, *session](maxSessions)}
}

// begin returns the secret of a new session.
func (s *sessions) begin(v Visitor) string {
	random := make([]byte, sessionBytes)
	_, _ = rand.Read(random) // it cannot fail
	secret, now := base64.RawURLEncoding.EncodeToString(random), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.put(sha256.Sum256([]byte(secret)), &session{visitor: v, began: now, seen: now})
	return secret
}

// find returns whose session it is.
func (s *sessions) find(secret string) (Visitor, bool) {
	key, now := sha256.Sum256([]byte(secret)), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.kept.get(key)
	if !ok {
		return Visitor{}, false
	}
	if now.Sub(found.seen) >= longestIdle || now.Sub(found.began) >= longestSession {
		s.kept.remove(key)
		return Visitor{}, false
	}
	found.seen = now
	return found.visitor, true
}

// end ends a session, if it is one.
func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept.remove(sha256.Sum256([]byte(secret)))
}
