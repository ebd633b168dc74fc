package gateway

import "fmt"

// Quality says how far a reading can be trusted. Its numbers are promised to controllers: they are
// only ever appended to. Zero is not good, so that a controller that reads all zeros does not take
// them for good.
type Quality uint8

// The qualities.
const (
	Never        Quality = iota // no data since commissioning
	Good                        // believed
	Uncertain                   // believed, with a reason to doubt
	Held                        // stale: the last value, kept
	Substituted                 // a policy's value is standing in
	Forced                      // an override
	OutOfService                // removed or disabled; keeps its number
	QualityCount = iota
)

var qualityNames = [QualityCount]string{
	"never", "good", "uncertain", "held", "substituted", "forced", "out_of_service",
}

// String returns the quality's name, as payloads and pages show it.
func (q Quality) String() string {
	if int(q) < len(qualityNames) {
		return qualityNames[q]
	}
	return fmt.Sprintf("quality(%d)", uint8(q))
}

// ParseQuality is the reverse of String.
func ParseQuality(name string) (Quality, bool) {
	for q, known := range qualityNames {
		if name == known {
			return Quality(q), true
		}
	}
	return 0, false
}
