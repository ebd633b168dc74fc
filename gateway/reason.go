package gateway

import (
	"fmt"
	"strconv"
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

// Reason is why an asset is occupied or not, with what it takes to say so in a sentence.
type Reason struct {
	Code   ReasonCode
	People int       // the count that was believed
	At     Timestamp // when it was sensed
	Motion Timestamp // when motion began or ended
	Since  Timestamp // of ReasonHeld: when the newest event of the silent feed was sensed
}

// Text returns the reason as a sentence, with the times of day of that place.
func (r Reason) Text(place *time.Location) string {
	clock := func(t Timestamp) string { return t.Time().In(place).Format(time.TimeOnly) }
	switch r.Code {
	case ReasonPeople:
		return "people " + strconv.Itoa(r.People) + " at " + clock(r.At)
	case ReasonMotion:
		return "motion since " + clock(r.Motion)
	case ReasonPeopleAndMotion:
		return "people " + strconv.Itoa(r.People) + " at " + clock(r.At) + ", motion since " + clock(r.Motion)
	case ReasonVacant:
		return r.vacant(clock)
	case ReasonHeld:
		return "no event since " + clock(r.Since) + ", last value kept"
	case ReasonNoData:
		return "nothing known of people or motion"
	}
	return fmt.Sprintf("reason %d", r.Code)
}

func (r Reason) vacant(clock func(Timestamp) string) string {
	switch {
	case r.At == 0:
		return "motion ended " + clock(r.Motion)
	case r.Motion == 0:
		return "people " + strconv.Itoa(r.People) + " at " + clock(r.At)
	}
	return "people " + strconv.Itoa(r.People) + " at " + clock(r.At) + ", motion ended " + clock(r.Motion)
}
