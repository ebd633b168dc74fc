package mqtt

import (
	"errors"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// health says whether readings reach the broker: to the log at each change, to whoever asked to be told
// also when the reason changes.
type health struct {
	addr      string
	log       *slog.Logger
	tell      func(error)
	connected prometheus.Gauge

	delivering bool
	words      string // why not; "" before the first attempt
}

func (h *health) up() {
	if h.delivering {
		return
	}
	h.delivering, h.words = true, ""
	h.connected.Set(1)
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
	if h.tell != nil {
		h.tell(errors.New(words))
	}
}
