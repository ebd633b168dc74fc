package gateway

import (
	"fmt"
	"strconv"
	"time"
)

// Refusal is why an event was refused. Zero: it was not. A refused event changes nothing; sending it
// again cannot help.
type Refusal uint8

// The reasons for a refusal.
const (
	Admitted Refusal = iota
	TimestampMissing
	TimestampNotInteger
	TimestampInSeconds
	TimestampTooOld    // before 2020
	TimestampInFuture  // further ahead of this machine's clock than max_future
	CountNotANumber    // missing, of another type, or not finite
	CountNegative      //
	CountTooLarge      // above 65 534
	IDTooLong          // an id or a type of more than 256 bytes
	IDMissing          // the place that it is about, or the event's own id
	KindConflict       // an id that is already something else, a room's that was a floor's
	PlaceNotConfigured // outside the configured organisations, sites and buildings
	TooManyAssets      // a new asset beyond max_unknown_assets
	IncrementTooOld    // TRAFFIC older than the horizon: whether it was counted cannot be told
	WrongShape         // a key of the envelope has another type than Butlr documents
	IDNotPlain         // an id with control characters, which none of Butlr's has
	TrafficPolled      // TRAFFIC that Butlr sent while it is asked for: it would count twice
	RefusalCount       = iota
)

var refusalNames = [RefusalCount]string{
	"admitted", "timestamp_missing", "timestamp_not_integer", "timestamp_in_seconds", "timestamp_too_old",
	"timestamp_in_future", "count_not_a_number", "count_negative", "count_too_large", "id_too_long",
	"id_missing", "kind_conflict", "place_not_configured", "too_many_assets", "increment_too_old", "wrong_shape",
	"id_not_plain", "traffic_polled",
}

// String returns the name that metrics and pages use.
func (r Refusal) String() string {
	if int(r) < len(refusalNames) {
		return refusalNames[r]
	}
	return fmt.Sprintf("refusal(%d)", uint8(r))
}

// RefusedEvent is one entry of the ring of refused events.
type RefusedEvent struct {
	Arrived Timestamp
	Reason  Refusal
	Why     string // the reason as a sentence, with a way out
	Type    EventType
	Place   AssetID // what it is about, as far as it says so
	Name    string
	At      Timestamp // when it says that it was sensed; 0 if it does not
	People  int       // of Occupancy and OccupancyMinute
	In, Out int       // of Traffic
	Content string    // the first 1 KB of the event
}

const (
	refusedKept    = 100  // entries of the ring
	refusedContent = 1024 // bytes kept of each
)

// refusedEvent notes what a person needs to find out about an event that is refused.
func refusedEvent(now Instant, e *Event, why Refusal) RefusedEvent {
	r := RefusedEvent{
		Arrived: now.Timestamp(), Reason: why, Type: e.Type, At: e.At, People: e.People, In: e.In, Out: e.Out,
		Content: string(e.Raw[:min(len(e.Raw), refusedContent)]),
	}
	for i, p := range e.Path.places() {
		if p.ID != "" && (r.Place == "" || placeKinds[i] <= e.Subject) {
			r.Place, r.Name = p.ID[:min(len(p.ID), idLimit)], p.Name
		}
	}
	return r
}

// explainRefusal says why an event was refused, and what can be done.
func (s *State) explainRefusal(r *RefusedEvent) string {
	switch r.Reason {
	case TimestampMissing:
		return "it has no timestamp"
	case TimestampNotInteger:
		return "its timestamp is not a whole number of milliseconds since 1970"
	case TimestampInSeconds:
		return "its timestamp looks like seconds, and must be in milliseconds"
	case TimestampTooOld:
		return "its timestamp is before 2020: look at the clock of whoever sent it"
	case TimestampInFuture:
		return "its timestamp is " + rounded(r.At.Sub(r.Arrived)) + " ahead of this machine's clock, and max_future is " + brief(s.rules.MaxFuture) + ": set whichever clock is wrong, or raise max_future"
	case CountNotANumber:
		return "its count is missing, or no number"
	case CountNegative:
		return "its count is below 0"
	case CountTooLarge:
		return "its count is above " + strconv.Itoa(countLimit) + ", the most that can be read"
	case IDTooLong:
		return "an id or its type is longer than " + strconv.Itoa(idLimit) + " bytes"
	case IDMissing:
		return "it lacks its own id, or that of the place that it is about"
	case IDNotPlain:
		return "an id has control characters in it"
	case TrafficPolled:
		return "traffic is asked for with [butlr] poll, and what is sent as well would count twice: take TRAFFIC out of the subscription, or poll out of the configuration"
	case KindConflict:
		return "one of its ids is that of another kind of place, or of two places at once"
	case PlaceNotConfigured:
		return "its place is outside [webhook] organisations, sites and buildings: add it there if it is yours"
	case TooManyAssets:
		return "it names a new asset, and there are max_unknown_assets, " + strconv.Itoa(s.rules.MaxUnknownAssets) + ", that neither the configuration nor an imported inventory names: raise that, name the asset, or run \"butlr-gateway assets import\""
	case IncrementTooOld:
		return "it is " + rounded(r.Arrived.Sub(r.At)) + " old, and traffic is remembered for horizon, " + brief(s.rules.Horizon) + ": whether it was counted already cannot be told"
	case WrongShape:
		return "one of its keys has another type than Butlr documents"
	}
	return r.Reason.String()
}

// rounded returns a duration no finer than matters.
func rounded(d time.Duration) string {
	unit := time.Second
	if d >= 10*time.Minute {
		unit = time.Minute
	}
	return brief(d.Round(unit))
}

// refusedRing keeps the newest refused events, in memory only.
type refusedRing struct {
	entries []RefusedEvent
	next    int
}

func (r *refusedRing) add(e RefusedEvent) {
	if len(r.entries) < refusedKept {
		r.entries = append(r.entries, e)
		return
	}
	r.entries[r.next] = e
	r.next = (r.next + 1) % refusedKept
}

// newest returns the newest entry of a reason, nil if there is none any more.
func (r *refusedRing) newest(why Refusal) *RefusedEvent {
	for i := range r.entries {
		e := &r.entries[(r.next+len(r.entries)-1-i)%len(r.entries)]
		if e.Reason == why {
			return e
		}
	}
	return nil
}

// list returns the entries, oldest first.
func (r *refusedRing) list() []RefusedEvent {
	out := make([]RefusedEvent, 0, len(r.entries))
	out = append(out, r.entries[r.next:]...)
	return append(out, r.entries[:r.next]...)
}
