package gateway

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ReasonCode says in a number why an asset is occupied or not. The codes are promised to controllers:
// frozen, and only ever appended to.
type ReasonCode uint8

// The reason codes.
const (
	ReasonNoData ReasonCode = iota
	ReasonPeople
	ReasonMotion
	ReasonPeopleAndMotion
	ReasonOnDelay
	ReasonOffDelay
	ReasonVacant
	ReasonForced
	ReasonHeld
	ReasonOnLossOccupied
	ReasonOnLossHold
	ReasonOnLossVacant
	ReasonLatchEnded
	ReasonMembers
	ReasonTrafficEstimate
	ReasonStartupGrace
	ReasonWaitingForLiveFeed
	ReasonOutOfService
	reasonCount = iota
)

// Reason is why an output is on or off, with what it takes to say so in a sentence. A moment that is 0 has
// no part in it.
type Reason struct {
	Code   ReasonCode
	People int       // the count that was believed
	At     Timestamp // when it was sensed
	Motion Timestamp // when motion began or ended
	Moving bool      // it began
	Since  Timestamp // when what the code says began: silence, the end of occupancy
	Until  Timestamp // when what the code says will end
	On     bool      // of ReasonHeld and its like: the answer that is kept
	By     *Override // of ReasonForced
	Few    int       // of ReasonMembers: members that are occupied
	Of     int       // of ReasonMembers: members
}

// Text returns the reason as a sentence, with the times of day of that place.
func (r Reason) Text(place *time.Location) string {
	w := reasonWriter{place: place}
	switch r.Code {
	case ReasonPeople, ReasonMotion, ReasonPeopleAndMotion, ReasonTrafficEstimate, ReasonVacant:
		w.evidence(r)
	case ReasonOnDelay:
		w.evidence(r)
		w.say("on-delay ends ", w.clock(r.Until))
	case ReasonOffDelay:
		w.evidence(r)
		if r.At == 0 && r.Motion == 0 {
			w.say("first event after a silence ", w.clock(r.Since))
		}
		w.say("off-delay ends ", w.clock(r.Until))
	case ReasonForced:
		w.forced(r.By)
	case ReasonHeld:
		w.say("no event since ", w.moment(r.Since), ", last answer kept")
	case ReasonStartupGrace:
		w.say("no event since ", w.moment(r.Since), ", last answer kept after the start until ", w.clock(r.Until))
	case ReasonWaitingForLiveFeed:
		w.say("off-delay over, but no event since ", w.moment(r.Since), ": waiting for one")
	case ReasonOnLossOccupied:
		w.lost(r, "occupied to be safe")
	case ReasonOnLossHold:
		w.lost(r, "last answer kept")
	case ReasonOnLossVacant:
		w.lost(r, "taken for vacant")
	case ReasonLatchEnded:
		w.say("motion since ", w.clock(r.Motion), " was never ended: taken for over at ", w.clock(r.Since))
	case ReasonMembers:
		w.say(strconv.Itoa(r.Few), " of ", strconv.Itoa(r.Of), " members occupied")
	case ReasonNoData:
		w.say("nothing known of people or motion")
	case ReasonOutOfService:
		w.say("out of service")
	default:
		w.say(fmt.Sprintf("reason %d", r.Code))
	}
	return w.text.String()
}

// reasonWriter puts the parts of a sentence together.
type reasonWriter struct {
	place *time.Location
	text  strings.Builder
}

// moment returns the day and the time of day of something that may be long ago.
func (w *reasonWriter) moment(t Timestamp) string {
	return t.Time().In(w.place).Format(time.DateTime)
}

// clock returns the time of day.
func (w *reasonWriter) clock(t Timestamp) string { return t.Time().In(w.place).Format(time.TimeOnly) }

func (w *reasonWriter) say(words ...string) {
	if w.text.Len() > 0 {
		w.text.WriteString(", ")
	}
	for _, word := range words {
		w.text.WriteString(word)
	}
}

// evidence tells what was sensed.
func (w *reasonWriter) evidence(r Reason) {
	if r.At != 0 {
		if r.Code == ReasonTrafficEstimate {
			w.say("about ", strconv.Itoa(r.People), " people by traffic at ", w.clock(r.At))
		} else {
			w.say("people ", strconv.Itoa(r.People), " at ", w.clock(r.At))
		}
	}
	switch {
	case r.Motion == 0:
	case r.Moving:
		w.say("motion since ", w.clock(r.Motion))
	default:
		w.say("motion ended ", w.clock(r.Motion))
	}
}

func (w *reasonWriter) lost(r Reason, then string) {
	if r.Since == 0 {
		w.say("its evidence was never heard, ", then)
		return
	}
	w.say("feed lost, no event since ", w.moment(r.Since), ", ", then)
}

func (w *reasonWriter) forced(by *Override) {
	if by == nil {
		w.say("forced")
		return
	}
	w.say("forced by ", by.Source.String())
	if by.Author != "" && by.Author != by.Source.String() {
		w.text.WriteString(" " + by.Author)
	}
	until, since := by.Until.Time().In(w.place), by.Since.Time().In(w.place)
	layout := "15:04"
	if until.YearDay() != since.YearDay() || until.Year() != since.Year() {
		layout = "2006-01-02 15:04"
	}
	w.text.WriteString(" until " + until.Format(layout))
	if by.Reason != "" {
		w.text.WriteString(": " + by.Reason)
	}
}
