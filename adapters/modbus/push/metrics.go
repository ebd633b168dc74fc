package push

import "github.com/prometheus/client_golang/prometheus"

// metrics count what happens between us and the controllers, by target. There is no label for an asset.
type metrics struct {
	writes, errors, exceptions, mismatches *prometheus.CounterVec
	failing                                *prometheus.GaugeVec
}

// counters are those of one target.
type counters struct {
	writes, errors, exceptions, mismatches prometheus.Counter
	failing                                prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "butlr_push_" + name, Help: help}, []string{"target"})
	}
	m := &metrics{
		writes:     counter("writes_total", "Writes that a controller acknowledged."),
		errors:     counter("errors_total", "Requests to a controller that got no answer, or none that was Modbus."),
		exceptions: counter("exceptions_total", "Requests that a controller answered with an exception."),
		mismatches: counter("mismatches_total", "Values that a controller did not keep, as reading back showed."),
		failing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "butlr_push_failing", Help: "1 while something that should be written to the target is not.",
		}, []string{"target"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.writes, m.errors, m.exceptions, m.mismatches, m.failing} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) of(target string) counters {
	return counters{
		m.writes.WithLabelValues(target), m.errors.WithLabelValues(target), m.exceptions.WithLabelValues(target),
		m.mismatches.WithLabelValues(target), m.failing.WithLabelValues(target),
	}
}
