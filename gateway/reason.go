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
	People int       // the count that was believed
	At     Timestamp // when it was sensed
	Enough int       // so many people, or more, are somebody; 0 where that is 1, and fewer are nobody
	Fewer  int       // fewer are nobody
	Motion Timestamp // when motion began or ended
	Over   Timestamp // when motion that nothing ended was taken for over
	Since  Timestamp // when what the code says began: silence, the end of occupancy
	Until  Timestamp // when what the code says will end
	By     *Override // of ReasonForced
	Few    int       // of ReasonMembers: members that are occupied
	Of     int       // of ReasonMembers: members

	// The small ones together: several reasons are kept of each asset.
	Code      ReasonCode
	Moving    bool   // motion began
	On        bool   // of ReasonHeld and its like: the answer that is kept
	Lost      Silent // which evidence is silent
	Dated     uint8  // which of its moments lie on another day than it is said on, a bit each
	Offline   bool   // it is not silence that Since is about: its sensors are offline since then
	Undecided bool   // no count was ever decisive: all were fewer than Enough, none was fewer than Fewer
}

// Silent names the evidence that a reason misses.
type Silent uint8

// The evidence that may be missed.
const (
	SilentFeed Silent = iota // not known which
	SilentPeople
	SilentMotion
	SilentTraffic
)

var silentNames = [...]string{"feed", "feed of people", "feed of motion", "feed of traffic"}

// Text returns the reason as a sentence, with the times of day of that place.
func (r Reason) Text(place *time.Location) string {
	w := reasonWriter{place: place, reason: &r}
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
		w.say(r.silence(), w.moment(r.Since), ", last answer kept")
	case ReasonStartupGrace:
		w.say(r.silence(), w.moment(r.Since), ", last answer kept after the start until ", w.clock(r.Until))
	case ReasonWaitingForLiveFeed:
		w.say("off-delay over, but ", r.silence(), w.moment(r.Since), ": waiting for one")
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
	place  *time.Location
	reason *Reason
	text   strings.Builder
}

// moment returns the day and the time of day of something that may be long ago.
func (w *reasonWriter) moment(t Timestamp) string {
	return t.Time().In(w.place).Format(time.DateTime)
}

// clock returns the time of day, and the day if it is another one.
func (w *reasonWriter) clock(t Timestamp) string {
	for i, m := range w.reason.moments() {
		if m == t && w.reason.Dated&(1<<i) != 0 {
			return w.moment(t)
		}
	}
	return t.Time().In(w.place).Format(time.TimeOnly)
}

// moments are those of a reason that its sentence may tell.
func (r *Reason) moments() [5]Timestamp {
	return [...]Timestamp{r.At, r.Motion, r.Over, r.Since, r.Until}
}

// date finds out which moments lie on another day than a moment.
func (r *Reason) date(now Timestamp, days *calendar) {
	from, to := days.midnight(now), days.next(now)
	r.Dated = 0
	for i, t := range r.moments() {
		if t != 0 && (t < from || t >= to) {
			r.Dated |= 1 << i
		}
	}
}

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
		w.threshold(r)
	}
	switch {
	case r.Motion == 0:
	case r.Over != 0:
		w.say("motion since ", w.clock(r.Motion), " was never ended: taken for over at ", w.clock(r.Over))
	case r.Moving:
		w.say("motion since ", w.clock(r.Motion))
	default:
		w.say("motion ended ", w.clock(r.Motion))
	}
}

// threshold tells what the count comes to where one person is not somebody, or nobody not the only clear.
func (w *reasonWriter) threshold(r Reason) {
	switch {
	case r.Enough == 0:
	case r.People >= r.Enough:
		w.say(strconv.Itoa(r.Enough), " or more")
	case r.People < r.Fewer:
		w.say("fewer than ", strconv.Itoa(r.Fewer))
	default:
		then := "as before"
		if r.Undecided {
			then = "taken for somebody until it is less"
		}
		w.say("between ", strconv.Itoa(r.Fewer), " and ", strconv.Itoa(r.Enough), ": ", then)
	}
}

// silence says what began at Since.
func (r *Reason) silence() string {
	if r.Offline {
		return "sensors offline since "
	}
	return "no event since "
}

// lost tells what is missed, what is done for it, and what else is known.
func (w *reasonWriter) lost(r Reason, then string) {
	missed := silentNames[r.Lost]
	if r.Since == 0 {
		if r.Lost == SilentFeed {
			missed = "its evidence"
		}
		w.say(missed, " was never heard, ", then)
	} else {
		w.say(missed, " lost, ", r.silence(), w.moment(r.Since), ", ", then)
	}
	w.evidence(r)
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
	if by.Brief() {
		layout = time.TimeOnly
	}
	if until.YearDay() != since.YearDay() || until.Year() != since.Year() {
		layout = "2006-01-02 " + layout
	}
	w.text.WriteString(" until " + until.Format(layout))
	if by.Reason != "" {
		w.text.WriteString(": " + by.Reason)
	}
}
