package gateway

import (
	"fmt"
	"math/bits"
)

// Measure is one quantity of an asset.
type Measure uint8

// The measures, in the order in which every list shows them.
const (
	Occupied             Measure = iota // 0 or 1; the answer for HVAC
	People                              // people
	Motion                              // 0 or 1
	Lighting                            // 0 or 1; output
	HVAC                                // 0 or 1; output
	Ventilation                         // 0 or 1; output
	TrafficIn                           // people, running total
	TrafficOut                          // people, running total
	TrafficEstimate                     // people
	Detections                          // people in the newest DETECTIONS of a sensor
	Utilisation                         // 0.1 %
	PeakToday                           // people
	OccupiedMinutesToday                // minutes
	MeasureCount         = iota
)

var measureNames = [MeasureCount]string{
	"occupied", "people", "motion", "lighting", "hvac", "ventilation", "traffic_in", "traffic_out",
	"traffic_estimate", "detections", "utilisation", "peak_today", "occupied_minutes_today",
}

// String returns the name that topics, exports and commands use.
func (m Measure) String() string {
	if int(m) < len(measureNames) {
		return measureNames[m]
	}
	return fmt.Sprintf("measure(%d)", uint8(m))
}

// ParseMeasure is the reverse of String.
func ParseMeasure(name string) (Measure, bool) {
	for m, known := range measureNames {
		if name == known {
			return Measure(m), true
		}
	}
	return 0, false
}

// Binary tells whether the measure is a yes or a no.
func (m Measure) Binary() bool {
	switch m {
	case Occupied, Motion, Lighting, HVAC, Ventilation:
		return true
	}
	return false
}

// States returns what people call a measure that is a no, and one that is a yes. Others have no states.
func (m Measure) States() (no, yes string) {
	switch {
	case m == Motion:
		return "off", "on"
	case m.Binary():
		return "vacant", "occupied"
	}
	return "", ""
}

// Measures is a set of measures.
type Measures uint32

// MeasuresOf returns the set of the measures given.
func MeasuresOf(measures ...Measure) Measures {
	var s Measures
	for _, m := range measures {
		s |= 1 << m
	}
	return s
}

// Has tells whether m is in the set.
func (s Measures) Has(m Measure) bool { return s&(1<<m) != 0 }

// Len returns how many measures are in the set.
func (s Measures) Len() int { return bits.OnesCount32(uint32(s)) }
