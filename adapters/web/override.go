package web

import (
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// Override is what stands in for the events, in JSON. Its keys are in the order of a canonical text.
type Override struct {
	Author string `json:"author"`
	Reason string `json:"reason"`
	Since  Moment `json:"since"`
	Source string `json:"source"` // controller, message or operator
	Target string `json:"target"` // occupied, lighting, hvac, ventilation or people
	Until  Moment `json:"until"`
	Value  int    `json:"value"` // 0 vacant, 1 occupied; of people the count
}

// OverrideOf returns the override for others to read.
func OverrideOf(o *gateway.Override) Override {
	return Override{
		Author: o.Author, Reason: o.Reason, Since: Moment(o.Since), Source: o.Source.String(), Target: o.Target.String(),
		Until: Moment(o.Until), Value: o.Value,
	}
}

// overridesOf returns overrides for others to read.
func overridesOf(overrides []gateway.Override) []Override {
	out := make([]Override, len(overrides))
	for i := range overrides {
		out[i] = OverrideOf(&overrides[i])
	}
	return out
}

// When an override ends may be weeks away, or seconds.
const (
	untilLayout      = "2 Jan 2006 15:04 MST"
	untilLayoutBrief = "2 Jan 2006 15:04:05 MST"
)

// Sentence says what is forced, until when by the clocks of that place, by whom and why. Author and
// reason are in it as they were given.
func (o *Override) Sentence(place *time.Location) string {
	var b strings.Builder
	switch target, _ := gateway.ParseTarget(o.Target); {
	case target == gateway.TargetPeople:
		b.WriteString("people forced to " + strconv.Itoa(o.Value))
	case target == gateway.TargetOutputs:
		b.WriteString("forced " + occupancy(o.Value))
	default:
		b.WriteString(o.Target + " forced " + occupancy(o.Value))
	}
	layout := untilLayout
	if of := (gateway.Override{Since: gateway.Timestamp(o.Since), Until: gateway.Timestamp(o.Until)}); of.Brief() {
		layout = untilLayoutBrief
	}
	b.WriteString(" until " + gateway.Timestamp(o.Until).Time().In(place).Format(layout) + " by ")
	if o.Author == "" {
		b.WriteString(o.Source)
	} else {
		b.WriteString(o.Author + " (" + o.Source + ")")
	}
	if o.Reason != "" {
		b.WriteString(": " + o.Reason)
	}
	return b.String()
}

func occupancy(value int) string {
	if value == 0 {
		return "vacant"
	}
	return "occupied"
}
