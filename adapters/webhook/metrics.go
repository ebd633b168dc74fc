package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/gateway"
)

// answers are the codes that the server gives.
var answers = [...]int{
	http.StatusNoContent, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound,
	http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
	http.StatusTooManyRequests, http.StatusServiceUnavailable,
}

// metrics counts what arrives. No label comes from a sender.
type metrics struct {
	requests map[int]prometheus.Counter // by code; not altered
	events   []prometheus.Counter       // by type
	bytes    prometheus.Counter
	seconds  prometheus.Histogram
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "butlr_webhook_requests_total", Help: "Requests, by the status code of the answer.",
	}, []string{"code"})
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "butlr_webhook_events_total", Help: "Events received, by type, refused ones included.",
	}, []string{"type"})
	m := &metrics{
		requests: make(map[int]prometheus.Counter),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "butlr_webhook_body_bytes_total", Help: "Bytes of bodies read.",
		}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "butlr_webhook_request_seconds", Help: "Time from a request's header to its answer.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 15),
		}),
	}
	for _, collector := range []prometheus.Collector{requests, events, m.bytes, m.seconds} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	for _, code := range answers {
		m.requests[code] = requests.WithLabelValues(strconv.Itoa(code))
	}
	for t := gateway.UnknownType; t <= gateway.Health; t++ {
		m.events = append(m.events, events.WithLabelValues(t.String()))
	}
	return m, nil
}

func (m *metrics) answered(code int, took time.Duration) {
	m.requests[code].Inc()
	m.seconds.Observe(took.Seconds())
}

func (m *metrics) received(events []gateway.Event) {
	for i := range events {
		m.events[events[i].Type].Inc()
	}
}
