package web

import (
	"cmp"
	"errors"
	"net/http"
	"time"
)

// stream is the connection of one listener.
type stream struct {
	server     *Server
	writer     http.ResponseWriter
	connection *http.ResponseController
}

// serveLive tells what changes after a cursor, or from now on, until whoever listens goes away.
func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "cursor")
	if err != nil {
		s.refuse(w, err)
		return
	}
	cursor := cmp.Or(r.Header.Get("Last-Event-ID"), q.Get("cursor"))
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	connection, reached := http.NewResponseController(w), s.options.Board.Cursor()
	listener, err := s.live.join(connection)
	if err != nil {
		w.Header().Set("Retry-After", "30")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer s.live.leave(listener)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies must not wait for more
	t := stream{s, w, connection}
	if t.begin(cursor, reached) == nil {
		t.follow(listener, r.Context().Done())
	}
}

var errReset = errors.New("the stream begins anew")

// begin tells what changed since the cursor, and how things are. Whoever knows that knows all that changed before
// the moment reached; what changed since the listener joined comes once more.
func (t *stream) begin(cursor, reached string) error {
	board, clock := t.server.options.Board, t.server.options.Clock
	if cursor != "" {
		after, ok := board.moment(cursor)
		if !ok {
			return errors.Join(t.reset(), errReset)
		}
		var n news
		for next := board.since(clock(), after, 0, rowsAtOnce, &n); ; next = board.since(clock(), after, next, rowsAtOnce, &n) {
			if err := t.send(t.server.live.rows.frame(&n)); err != nil {
				return err
			}
			if next == 0 {
				break
			}
		}
	}
	return t.send(event(nil, reached, "summary", t.server.live.summary()))
}

// follow hands on the frames that all listeners get.
func (t *stream) follow(l *listener, gone <-chan struct{}) {
	life := time.NewTimer(streamLife)
	defer life.Stop()
	for {
		select { // before the frames that were still taken
		case <-l.lost:
			_ = t.reset()
			return
		default:
		}
		select {
		case frame := <-l.frames:
			if t.send(frame) != nil {
				return
			}
		case <-l.lost:
		case <-gone:
			return
		case <-life.C:
			return
		case <-t.server.live.over:
			return
		}
	}
}

// reset says that the list has to be loaded anew.
func (t *stream) reset() error { return t.send(event(nil, "", "reset", struct{}{})) }

// send writes a frame, and does not wait for ever for whoever takes nothing.
func (t *stream) send(frame []byte) error {
	if err := t.connection.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil {
		t.server.options.Log.Debug("deadline not set", "err", err)
	}
	select {
	case <-t.server.live.over:
		return http.ErrServerClosed
	default:
	}
	if _, err := t.writer.Write(frame); err != nil {
		return err
	}
	return t.connection.Flush()
}
