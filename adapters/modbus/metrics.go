package modbus

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// refusal is why a client is turned away as it connects.
type refusal uint8

const (
	welcome          refusal = iota
	notAllowed               // its address is not on the allow-list
	tooMany                  // all connections are taken, and none is idle
	tooManyOfAddress         // all connections of this address are taken, and none is idle
	insecure                 // it showed no certificate that can be trusted, or speaks no TLS
	refusalCount     = iota
)

var refusalNames = [refusalCount]string{"", "not_allowed", "connections", "connections_of_address", "tls"}

// ending is why a connection ended.
type ending uint8

const (
	endedByClient ending = iota
	endedIdle            // nothing asked for the idle timeout
	endedStalled         // a frame was begun and not finished
	endedBadFrame        // not Modbus
	endedSlow            // answers were not taken
	endedEvicted         // idle, and a newcomer had no place
	endedByStop          // we stop
	endedByPanic         // a defect of ours
	endedInsecure        // the TLS handshake failed
	endedBanned          // its address was taken off the allow-list
	endingCount   = iota
)

var endingNames = [endingCount]string{
	"client", "idle", "stalled_frame", "bad_frame", "slow_reader", "evicted", "stop", "panic", "handshake", "not_allowed",
}

// metrics hold one counter each for what is known to happen, so that counting neither looks anything
// up nor lets a client choose a label.
type metrics struct {
	connections prometheus.Gauge
	refused     [refusalCount]prometheus.Counter
	ended       [endingCount]prometheus.Counter
	panics      prometheus.Counter
	requests    *tallies
	exceptions  map[exception]prometheus.Counter
}

// functionClass puts function codes together that mean the same to whoever watches.
type functionClass uint8

const (
	classCoils functionClass = iota
	classDiscreteInputs
	classHoldingRegisters
	classInputRegisters
	classWrite
	classIdentity // who the server is
	classDiagnostics
	classOther
	functionClassCount = iota
)

var functionClassNames = [functionClassCount]string{
	"read_coils", "read_discrete_inputs", "read_holding_registers", "read_input_registers", "write",
	"identity", "diagnostics", "other",
}

func classOf(function byte) functionClass {
	switch function {
	case readCoils:
		return classCoils
	case readDiscreteInputs:
		return classDiscreteInputs
	case readHoldingRegisters:
		return classHoldingRegisters
	case readInputRegisters:
		return classInputRegisters
	case 5, 6, 15, 16, 22, 23:
		return classWrite
	case reportServerID, encapsulated:
		return classIdentity
	case diagnose:
		return classDiagnostics
	}
	return classOther
}

// newMetrics makes the metrics of one listener, and registers them if there is where. The transport tells
// it from other listeners.
func newMetrics(registerer prometheus.Registerer, transport string) (*metrics, error) {
	const prefix = "butlr_modbus_"
	labels := prometheus.Labels{"transport": transport}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: prefix + "connections", Help: "Connections open now.", ConstLabels: labels})
	panics := prometheus.NewCounter(prometheus.CounterOpts{
		Name: prefix + "panics_total", Help: "Connections that ended in a panic.", ConstLabels: labels})
	vector := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help, ConstLabels: labels}, []string{label})
	}
	refused := vector("refused_connections_total", "Connections turned away.", "reason")
	ended := vector("ended_connections_total", "Connections that ended.", "reason")
	exceptions := vector("exceptions_total", "Requests answered with an exception.", "code")
	requests := newTallies()
	collectors := []prometheus.Collector{gauge, panics, refused, ended, exceptions}
	for f := range functionClass(functionClassCount) {
		collectors = append(collectors, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: prefix + "requests_total", Help: "Requests answered, exceptions included.",
			ConstLabels: prometheus.Labels{"transport": transport, "function": functionClassNames[f]},
		}, func() float64 { return float64(requests.of(f)) }))
	}
	for _, c := range collectors {
		if registerer == nil {
			break
		}
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("registering Modbus metrics: %w", err)
		}
	}
	m := &metrics{connections: gauge, panics: panics, requests: requests, exceptions: make(map[exception]prometheus.Counter)}
	for r := notAllowed; r < refusalCount; r++ {
		m.refused[r] = refused.WithLabelValues(refusalNames[r])
	}
	for e := range ending(endingCount) {
		m.ended[e] = ended.WithLabelValues(endingNames[e])
	}
	for _, x := range []exception{illegalFunction, illegalDataAddress, illegalDataValue, deviceFailure, deviceBusy, gatewayPathUnavailable} {
		m.exceptions[x] = exceptions.WithLabelValues(fmt.Sprint(byte(x)))
	}
	return m, nil
}
