package mqtt

import (
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/gateway"
)

// health says whether readings reach the broker: to the log at each change, to whoever asked to be told
// also when the reason changes.
type health struct {
	addr      string
	log       *slog.Logger
	tell      func(error)
	connected prometheus.Gauge
	clock     gateway.Clock

	delivering bool
	words      string                     // why not; "" before the first attempt
	connection atomic.Pointer[Connection] // for whoever asks
}

// note keeps how it is now, since now unless only the reason is another one.
func (h *health) note() {
	c := &Connection{Connected: h.delivering, Why: h.words, Since: h.clock().Wall}
	if before := h.connection.Load(); before != nil && before.Connected == c.Connected {
		c.Since = before.Since
	}
	h.connection.Store(c)
}

func (h *health) up() {
	if h.delivering {
		return
	}
	h.delivering, h.words = true, ""
	h.connected.Set(1)
	h.note()
	h.log.Info("MQTT broker connected", "addr", h.addr)
	if h.tell != nil {
		h.tell(nil)
	}
}

func (h *health) down(err error) {
	words := wordsOf(err)
	if !h.delivering && words == h.words {
		return
	}
	if h.delivering || h.words == "" {
		h.log.Warn("MQTT broker down", "addr", h.addr, "err", words)
	}
	h.delivering, h.words = false, words
	h.connected.Set(0)
	h.note()
	if h.tell != nil {
		h.tell(errors.New(words))
	}
}
