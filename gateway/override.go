package gateway

import (
	"fmt"
	"time"
)

// Override stands in for what the events say of one target of one asset, until it expires or is released.
// It changes nothing else.
type Override struct {
	Asset  Number
	Target Target
	Value  int // 0 vacant, 1 occupied; of TargetPeople the count
	Source Source
	Author string    // who, as far as it is known
	Reason string    // why, in the author's words
	Since  Timestamp //
	Until  Timestamp // it ends by itself
}

// Target is what an override stands in for. Its numbers are stored.
type Target uint8

// The targets.
const (
	TargetOutputs Target = iota // all three outputs
	TargetLighting
	TargetHVAC
	TargetVentilation
	TargetPeople
	TargetCount = iota
)

var targetNames = [TargetCount]string{"occupied", "lighting", "hvac", "ventilation", "people"}

// String returns the target's name, as commands and payloads use it.
func (t Target) String() string {
	if int(t) < len(targetNames) {
		return targetNames[t]
	}
	return fmt.Sprintf("target(%d)", uint8(t))
}

// ParseTarget returns the target of that name; ok is false if there is none.
func ParseTarget(name string) (t Target, ok bool) {
	for i, n := range targetNames {
		if n == name {
			return Target(i), true
		}
	}
	return 0, false
}

// Source is who may override. A greater one beats a smaller one. Its numbers are stored.
type Source uint8

// The sources.
const (
	FromController Source = iota // a building controller
	FromMessage                  // a message of the building's broker
	FromOperator                 // a person, on the command line or the page
	sourceCount    = iota
)

var sourceNames = [sourceCount]string{"controller", "message", "operator"}

// String returns the source's name.
func (s Source) String() string {
	if int(s) < len(sourceNames) {
		return sourceNames[s]
	}
	return fmt.Sprintf("source(%d)", uint8(s))
}

// DefaultOverride and LongestOverride bound how long an override lasts.
const (
	DefaultOverride = time.Hour
	LongestOverride = 30 * 24 * time.Hour
)

// OverrideChange is one entry of the audit: an override that began, was released, or ended by itself.
type OverrideChange struct {
	At       Timestamp
	Asset    AssetID
	Change   string // "forced", "released", "expired"
	By       string // who changed it
	Override Override
}
