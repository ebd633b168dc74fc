package web

import (
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

// Asked is what Butlr's API is asked for, and how that goes.
type Asked struct {
	Requests  uint64       `json:"requests"`  // since the start
	Poll      *Polling     `json:"poll"`      // null where it is off
	Reconcile *Reconciling `json:"reconcile"` // null where it is off
}

// Polling is how it is in pull mode, in which people and traffic are asked for and not sent.
type Polling struct {
	Says      string `json:"says"`      // what it gives and what it cannot, as a sentence
	Last      Moment `json:"last"`      // when all that was over had been read
	Until     Moment `json:"until"`     // the minutes before it are read
	Why       string `json:"why"`       // it fails; "" if it does not
	Counted   int    `json:"counted"`   // floors, rooms and zones that are asked for
	Sensors   int    `json:"sensors"`   // traffic sensors that are
	Corrected int    `json:"corrected"` // people by whom Butlr corrected minutes of traffic that had counted: they are not taken
}

// Sentence says how far it has come.
func (p *Polling) Sentence(place *time.Location) string {
	text := "nothing was read yet"
	if p.Until != 0 {
		text = "read until " + gateway.Timestamp(p.Until).Time().In(place).Format(time.DateTime)
	}
	text += ", of " + strconv.Itoa(p.Counted) + " floors, rooms and zones and of " + strconv.Itoa(p.Sensors) + " traffic sensors"
	if p.Corrected > 0 {
		text += "; traffic was corrected later by " + PeopleText(int64(p.Corrected)) + ", which is not taken"
	}
	return text
}

// Reconciling is how it is with what was missed.
type Reconciling struct {
	Last    Moment `json:"last"`    // when it was asked for
	After   string `json:"after"`   // what had made that necessary
	Counts  int    `json:"counts"`  // minutes of places that Butlr told
	Why     string `json:"why"`     // it fails; "" if it does not
	Traffic string `json:"traffic"` // how who passed compares with what was counted here, as a sentence; "" if nobody knows yet
}

// Sentence says what was done last.
func (r *Reconciling) Sentence(place *time.Location) string {
	if r.Last == 0 {
		return "not yet since the start"
	}
	return "people, at " + gateway.Timestamp(r.Last).Time().In(place).Format(time.DateTime) + " after " + r.After + ": " +
		strconv.Itoa(r.Counts) + " minutes of places; motion cannot be asked for"
}
