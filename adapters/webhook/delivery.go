package webhook

import (
	"io"
	"net/http"
	"slices"
	"sync"

	"butlr-gateway/gateway"
)

// delivery is the body of one request, and the events in it. One that went well is used again: most bodies are small,
// and come by the hundred.
type delivery struct {
	body   []byte
	events []gateway.Event
}

var deliveries = sync.Pool{New: func() any { return new(delivery) }}

// What a delivery that is used again may hold on to.
const (
	keptBody   = 16 << 10 // bytes
	keptEvents = 16
)

// reuse gives the delivery back. Nobody may refer to its body or its events any more.
func (d *delivery) reuse() {
	if cap(d.body) > keptBody || cap(d.events) > keptEvents {
		return
	}
	clear(d.events)
	d.body, d.events = d.body[:0], d.events[:0]
	deliveries.Put(d)
}

// read takes the whole body, and returns the code of the answer if there is none: 413 when it is too large, 400 when it
// breaks off or does not come in time.
func (d *delivery) read(r *http.Request) int {
	if r.ContentLength > maxBody {
		return http.StatusRequestEntityTooLarge
	}
	if r.ContentLength >= 0 {
		d.body = slices.Grow(d.body[:0], int(r.ContentLength))[:r.ContentLength]
		n, err := io.ReadFull(r.Body, d.body)
		d.body = d.body[:n]
		if err != nil {
			return http.StatusBadRequest
		}
		return 0
	}
	var err error
	d.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case len(d.body) > maxBody:
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	return 0
}

// decode reads the events of the body, telling the name of each unknown type.
func (d *delivery) decode(unknown func(name []byte)) (err error) {
	d.events, err = decode(d.body, d.events[:0], unknown)
	return err
}
