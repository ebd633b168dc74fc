package mqtt

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what happens between us and one broker.
type metrics struct {
	connected prometheus.Gauge
	sessions  prometheus.Counter
	commands  *prometheus.CounterVec

	inFlight  atomic.Int64  // messages that the broker has not acknowledged
	delivered atomic.Uint64 // messages that it has
}

func newMetrics(r prometheus.Registerer, mail *mailbox) (*metrics, error) {
	m := &metrics{
		connected: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "butlr_mqtt_connected", Help: "1 while readings reach the broker.",
		}),
		sessions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "butlr_mqtt_sessions_total", Help: "Connections that the broker accepted.",
		}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "butlr_mqtt_commands_total", Help: "Commands that the broker passed on, by what became of them.",
		}, []string{"result"}),
	}
	if r == nil {
		return m, nil
	}
	delivered := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "butlr_mqtt_messages_total", Help: "Messages that the broker acknowledged.",
	}, func() float64 { return float64(m.delivered.Load()) })
	waiting := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "butlr_mqtt_waiting_assets", Help: "Assets with news that the broker was not yet told.",
	}, func() float64 {
		_, waiting := mail.size()
		return float64(waiting)
	})
	dropped := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "butlr_mqtt_events_dropped_total", Help: "Events that could not be passed on within a minute.",
	}, func() float64 { return float64(mail.dropped()) })
	for _, result := range []string{commandObeyed, commandRefused, commandKept, commandDropped} {
		m.commands.WithLabelValues(result)
	}
	for _, c := range []prometheus.Collector{m.connected, m.sessions, delivered, m.commands, waiting, dropped} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
