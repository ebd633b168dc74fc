package mqtt

import (
	"context"
	"errors"
	"time"
)

const (
	maxInFlight  = 100              // messages that the broker has not acknowledged yet
	stalledAfter = 20 * time.Second // without an acknowledgement while some are due
	reasonWithin = time.Second      // after a message failed it is known why the connection is gone
)

var errStalled = errors.New("the broker accepts messages but no longer acknowledges them")

// receipt is what becomes of a message: Done is closed when the broker has acknowledged it, or when
// that can no longer happen, which Error then tells.
type receipt interface {
	Done() <-chan struct{}
	Error() error
}

// message is what is published. Unless it says otherwise it is delivered at least once, and the broker keeps
// it for whoever comes later.
type message struct {
	topic    string
	payload  []byte
	fleeting bool // not kept: it tells of something that is over
	loose    bool // delivered at most once
}

// qos is the message's quality of service, MQTT 3.1.1 section 4.3.
func (m *message) qos() byte {
	if m.loose {
		return 0
	}
	return 1
}

// session is one connection to a broker, from its acceptance to its end. All but cut is called by one
// goroutine.
type session interface {
	// publish hands over a message. It may block as long as the write timeout. What is handed over first
	// arrives first, or not at all.
	publish(message) receipt

	// lost is closed when the connection has ended; then why tells the reason.
	lost() <-chan struct{}
	why() error

	// denied holds a token after somebody said that this gateway is offline: usually the broker, which
	// noticed late that an earlier connection had ended.
	denied() <-chan struct{}

	// cut ends the connection at once. Any goroutine may call it, any number of times.
	cut()

	// close ends the session and every goroutine of it. Politely, the broker forgets the last will;
	// otherwise it says it.
	close(politely bool)
}

// window keeps messages in flight: a few at a time, in order. A broker acknowledges in the order in which
// it received [MQTT-4.6.0-2], so that it is enough to wait for the oldest.
type window struct {
	session  session
	receipts [maxInFlight]receipt
	oldest   int
	count    int
	overdue  *time.Timer // runs while something is in flight
	metrics  *metrics
}

func newWindow(s session, m *metrics) *window {
	w := &window{session: s, overdue: time.NewTimer(stalledAfter), metrics: m}
	w.overdue.Stop()
	return w
}

func (w *window) stop() {
	w.overdue.Stop()
	w.metrics.inFlight.Add(-int64(w.count)) // nobody will acknowledge them
}

// keep has the broker keep a payload on a topic, as soon as there is room for the message.
func (w *window) keep(ctx context.Context, topic string, payload []byte) error {
	return w.send(ctx, message{topic: topic, payload: payload})
}

// send hands a message over as soon as there is room for it.
func (w *window) send(ctx context.Context, m message) error {
	for w.count == maxInFlight {
		if err := w.await(ctx); err != nil {
			return err
		}
	}
	if w.count == 0 {
		w.overdue.Reset(stalledAfter)
	}
	w.receipts[(w.oldest+w.count)%maxInFlight] = w.session.publish(m)
	w.count++
	w.metrics.inFlight.Add(1)
	return ctx.Err()
}

// drain waits until everything in flight has been acknowledged.
func (w *window) drain(ctx context.Context) error {
	for w.count > 0 {
		if err := w.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// await waits for the oldest message in flight.
func (w *window) await(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.session.lost():
		return w.session.why()
	case <-w.overdue.C:
		return errStalled
	case <-w.acknowledged():
		return w.settle()
	}
}

// acknowledged is closed when the oldest message's fate is known; nil while nothing is in flight.
func (w *window) acknowledged() <-chan struct{} {
	if w.count == 0 {
		return nil
	}
	return w.receipts[w.oldest].Done()
}

// settle takes the oldest message, whose fate is known, out of the window.
func (w *window) settle() error {
	err := w.receipts[w.oldest].Error()
	w.receipts[w.oldest] = nil
	w.oldest = (w.oldest + 1) % maxInFlight
	w.count--
	w.metrics.inFlight.Add(-1)
	w.overdue.Stop()
	if err != nil {
		return w.reason(err)
	}
	if w.count > 0 {
		w.overdue.Reset(stalledAfter)
	}
	w.metrics.delivered.Add(1)
	return nil
}

// reason returns why the connection is gone, which says more than how a message failed.
func (w *window) reason(failure error) error {
	select {
	case <-w.session.lost():
		return w.session.why()
	case <-time.After(reasonWithin):
		return failure
	}
}
