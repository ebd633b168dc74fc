package mqtt

import (
	"net"
	"sync"
	"time"
)

// maxOutbox is how many bytes wait for the broker at the most; then whoever has more waits as well.
const maxOutbox = 64 << 10

// outbox writes to the broker whatever has come together while the write before was under way. paho writes each packet
// by itself, and a write costs more than all else that is done for a message; what comes alone goes out alone, at once.
//
// A write that fails, or takes longer than writeTimeout, ends the connection.
type outbox struct {
	net.Conn
	failed func(error) // told first, once

	mu      sync.Mutex
	change  sync.Cond // of anything below
	waiting []byte
	writing bool
	closed  bool
	until   time.Time // writes may take, once it is closed
	err     error
}

func newOutbox(conn net.Conn, failed func(error)) *outbox {
	o := &outbox{Conn: conn, failed: failed}
	o.change.L = &o.mu
	go o.run()
	return o
}

// Write takes a packet. That it returns nil does not say that it is on its way: what fails later is told by the next
// call.
func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) > 0 && len(o.waiting)+len(p) > maxOutbox && o.err == nil && !o.closed {
		o.change.Wait()
	}
	if o.err != nil {
		return 0, o.err
	}
	if o.closed {
		return 0, net.ErrClosed
	}
	o.waiting = append(o.waiting, p...)
	o.change.Broadcast()
	return len(p), nil
}

// SetWriteDeadline does nothing: each write has one of its own.
func (o *outbox) SetWriteDeadline(time.Time) error { return nil }

// Close writes what waits, a DISCONNECT above all, for as long as quiesce, and closes the connection.
func (o *outbox) Close() error {
	o.mu.Lock()
	if !o.closed {
		o.closed, o.until = true, time.Now().Add(quiesce*time.Millisecond)
		o.Conn.SetWriteDeadline(o.until)
		o.change.Broadcast()
	}
	for (o.writing || len(o.waiting) > 0) && o.err == nil {
		o.change.Wait()
	}
	o.mu.Unlock()
	return o.Conn.Close()
}

// run writes until the outbox is closed and empty, or a write fails.
func (o *outbox) run() {
	var batch []byte
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		for len(o.waiting) == 0 && !o.closed {
			o.change.Wait()
		}
		if len(o.waiting) == 0 {
			return
		}
		batch, o.waiting, o.writing = o.waiting, batch[:0], true
		o.change.Broadcast()
		until := time.Now().Add(writeTimeout)
		if o.closed {
			until = o.until
		}
		o.Conn.SetWriteDeadline(until)
		o.mu.Unlock()
		_, err := o.Conn.Write(batch)
		if err != nil {
			o.failed(err)
			o.Conn.Close()
		}
		o.mu.Lock()
		o.writing, o.err = false, err
		o.change.Broadcast()
		if err != nil {
			return
		}
	}
}
