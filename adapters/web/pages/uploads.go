package pages

import (
	"crypto/rand"
	"sync"
	"time"
)

// Bounds of what is kept of uploads. There is one of each visitor at most: the newest.
const (
	uploadLife  = 10 * time.Minute
	mostUploads = 4
)

// uploads keeps lists between being shown and being imported, so that exactly what was shown is done.
type uploads struct {
	mu   sync.Mutex
	kept []upload // the oldest first
}

type upload struct {
	token, visitor string
	content        []byte
	at             time.Duration // since the start
}

func newUploads() *uploads { return new(uploads) }

// keep takes a list and returns the word for it.
func (u *uploads) keep(now time.Duration, visitor string, content []byte) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(func(kept *upload) bool { return kept.visitor == visitor || now-kept.at > uploadLife })
	if len(u.kept) >= mostUploads {
		u.kept = append(u.kept[:0:0], u.kept[1:]...)
	}
	token := rand.Text()
	u.kept = append(u.kept, upload{token, visitor, content, now})
	return token
}

// take returns a list to whoever sent it, once.
func (u *uploads) take(now time.Duration, visitor, token string) ([]byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(func(kept *upload) bool { return now-kept.at > uploadLife })
	for _, kept := range u.kept {
		if kept.token == token && kept.visitor == visitor {
			u.forget(func(k *upload) bool { return k.token == token })
			return kept.content, true
		}
	}
	return nil, false
}

func (u *uploads) forget(when func(*upload) bool) {
	rest := make([]upload, 0, len(u.kept))
	for i := range u.kept {
		if !when(&u.kept[i]) {
			rest = append(rest, u.kept[i])
		}
	}
	u.kept = rest
}
