package mqtt

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// complainEvery is how often complaints reach the log that any client of a broker can cause, as often as it
// likes: those of the embedded broker, and those about commands.
const complainEvery = time.Minute

// brokerLog takes what the embedded broker has to say.
type brokerLog struct {
	log *slog.Logger

	mu         sync.Mutex
	complained time.Time
	died       string // what it said last before it gave up
}

var _ server.Logger = (*brokerLog)(nil)

func (l *brokerLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}

func (l *brokerLog) say(level slog.Level, format string, v ...any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, "embedded broker", "event", fmt.Sprintf(format, v...))
	}
}

func (l *brokerLog) complain(format string, v ...any) {
	l.mu.Lock()
	quiet := time.Since(l.complained) < complainEvery
	if !quiet {
		l.complained = time.Now()
	}
	l.mu.Unlock()
	if quiet {
		l.say(slog.LevelDebug, format, v...)
		return
	}
	l.say(slog.LevelWarn, format, v...)
}

// Noticef is told about what is normal.
func (l *brokerLog) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v...) }

// Warnf is told about what is odd.
func (l *brokerLog) Warnf(format string, v ...any) { l.complain(format, v...) }

// Errorf is told about what failed.
func (l *brokerLog) Errorf(format string, v ...any) { l.complain(format, v...) }

// Fatalf is told why the broker cannot go on.
func (l *brokerLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.died = fmt.Sprintf(format, v...)
}

// Debugf is not of interest.
func (l *brokerLog) Debugf(string, ...any) {}

// Tracef is not of interest.
func (l *brokerLog) Tracef(string, ...any) {}
