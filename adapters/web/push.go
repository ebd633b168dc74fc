package web

import (
	"fmt"
	"slices"
)

// PushTarget is one unit of a controller that the gateway writes to.
type PushTarget struct {
	Name        string      `json:"name"`
	Address     string      `json:"address"`
	Unit        int         `json:"unit_id"`
	State       string      `json:"state"` // well, waiting (there was nothing to write yet) or failing
	Why         string      `json:"why"`   // of failing and waiting
	Since       Moment      `json:"since"` // of the state
	LastAnswer  Moment      `json:"last_answer"`
	LastError   string      `json:"last_error"` // "" none since the start
	LastErrorAt Moment      `json:"last_error_at"`
	Writes      uint64      `json:"writes"`     // since the start, as the next three
	Errors      uint64      `json:"errors"`     // requests without an answer
	Exceptions  uint64      `json:"exceptions"` // answers that were Modbus exceptions
	Mismatches  uint64      `json:"mismatches"` // values that were read back otherwise than written
	Points      []PushPoint `json:"points"`
}

// PushPoint is one value that is written.
type PushPoint struct {
	Name      string   `json:"name"`
	Asset     string   `json:"asset"`    // as the configuration calls it
	AssetID   string   `json:"asset_id"` // which one that is; "" while nobody knows
	Measure   string   `json:"measure"`
	Table     string   `json:"table"`   // holding or coil
	Address   int      `json:"address"` // 0-based
	Reference string   `json:"reference"`
	Function  int      `json:"function"`
	Type      string   `json:"type"`
	Written   *float64 `json:"written"` // the number that was written last; null for none since the start
	At        Moment   `json:"written_at"`
	Why       string   `json:"why"` // the newest value is not written; "" if it is
}

// Amiss tells whether a controller is not written to as it should be.
func (s *Status) Amiss() bool {
	return slices.ContainsFunc(s.Push, func(t PushTarget) bool { return t.State == "failing" })
}

// Sentence says where the point is written to, in both notations, what was written last, and what is
// wrong, if anything is.
func (p *PushPoint) Sentence() string {
	what := "register"
	if p.Table == "coil" {
		what = "coil"
	}
	text := fmt.Sprintf("%s: %s of %s to %s %d = %s", p.Name, p.Measure, p.Asset, what, p.Address, p.Reference)
	if p.Written != nil {
		text += fmt.Sprintf(", last %v", *p.Written)
	} else {
		text += ", not written yet"
	}
	if p.Why != "" {
		text += "; " + p.Why
	}
	return text
}
