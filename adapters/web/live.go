package web

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Limits of the live stream. What is told per second is bounded for all listeners together, so that they take
// little from the events that they want to see: when there is more, the newest of each asset is told, later.
const (
	mostStreams    = 200
	rowsAtOnce     = 256                   // in one frame
	rowsPerSecond  = 4_000                 // that are encoded, once for all listeners
	bytesPerS      = 16 << 20              // that are sent, to all listeners together
	leastPause     = 15 * time.Millisecond // between two frames
	framesBehind   = 16                    // that may wait for a listener; after that it must begin anew
	summaryEvery   = time.Second           // at most
	summaryLeast   = 15 * time.Second      // also when there is nothing new, so that a dead connection is noticed
	streamPatience = 30 * time.Second      // with a listener that takes nothing
	streamLife     = 15 * time.Minute      // after which a browser connects again, and is asked again who it is
)

var errStreamsFull = errors.New("there are 200 live streams already: close a page that nobody looks at, or ask for the list of assets instead")

// live tells listeners what changes on the board. One goroutine collects what changed, encodes it once and hands
// the same bytes to each of them. Without a listener it does nothing.
type live struct {
	rows     *rowMaker
	reporter *Reporter
	tick     *time.Ticker // stopped without a listener
	news     news
	said     []byte    // the summary that was sent last, without its moment
	saidAt   time.Time //

	mu        sync.Mutex
	listeners map[*listener]struct{}
	over      chan struct{} // closed when the server stops
	ended     bool
}

// listener is one open stream.
type listener struct {
	connection *http.ResponseController
	frames     chan []byte
	lost       chan struct{} // closed when it has fallen behind
}

func newLive(rows *rowMaker, reporter *Reporter) *live {
	l := &live{
		rows: rows, reporter: reporter, tick: time.NewTicker(summaryEvery), listeners: make(map[*listener]struct{}), over: make(chan struct{}),
	}
	l.tick.Stop()
	return l
}

// join adds a listener: it is told everything that changes from now on.
func (l *live) join(c *http.ResponseController) (*listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
		return nil, http.ErrServerClosed
	case len(l.listeners) >= mostStreams:
		return nil, errStreamsFull
	case len(l.listeners) == 0:
		l.rows.board.watch(true)
		l.tick.Reset(summaryEvery)
	}
	one := &listener{c, make(chan []byte, framesBehind), make(chan struct{})}
	l.listeners[one] = struct{}{}
	return one, nil
}

func (l *live) leave(gone *listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remove(gone)
}

// remove is leave for whoever holds the lock.
func (l *live) remove(gone *listener) {
	if _, here := l.listeners[gone]; !here {
		return
	}
	delete(l.listeners, gone)
	if len(l.listeners) == 0 {
		l.rows.board.watch(false)
		l.tick.Stop()
	}
}

// run tells what changes until ctx ends, and then ends every stream at once.
func (l *live) run(ctx context.Context) {
	defer l.end()
	pause := time.NewTimer(0)
	defer pause.Stop()
	<-pause.C
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.rows.board.changes.ready:
			pause.Reset(l.pass())
			select {
			case <-ctx.Done():
				return
			case <-pause.C:
			}
		case <-l.tick.C:
			l.sumUp()
		}
	}
}

// end lets go of every listener, also of those that take nothing.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	close(l.over)
	for one := range l.listeners {
		_ = one.connection.SetWriteDeadline(time.Now()) // it writes no more, or its connection is gone
	}
}

// pass tells some of what waits, and returns for how long to let more of it come together.
func (l *live) pass() time.Duration {
	n := &l.news
	l.rows.board.take(l.rows.clock(), rowsAtOnce, n)
	frame := l.rows.frame(n)
	listeners := l.hand(frame)
	if n.more {
		l.rows.board.remind()
	}
	return max(
		leastPause, time.Duration(len(n.changed))*(time.Second/rowsPerSecond),
		time.Duration(len(frame)*listeners)*time.Second/bytesPerS,
	)
}

// hand gives a frame to every listener, and gives up those that did not take the last ones. It returns how many
// there are.
func (l *live) hand(frame []byte) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(frame) == 0 {
		return len(l.listeners)
	}
	for one := range l.listeners {
		select {
		case one.frames <- frame:
		default:
			close(one.lost)
			l.remove(one)
		}
	}
	return len(l.listeners)
}

// sumUp tells the summary if it is another one, or nothing was told for long.
func (l *live) sumUp() {
	summary := l.summary()
	summary.Now = 0
	same := event(nil, "", "summary", summary)
	if string(same) == string(l.said) && time.Since(l.saidAt) < summaryLeast {
		return
	}
	l.said, l.saidAt = same, time.Now()
	summary.Now = Moment(l.rows.now())
	l.hand(event(nil, "", "summary", summary))
}
