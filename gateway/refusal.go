package gateway

import "fmt"

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
	RefusalCount       = iota
)

var refusalNames = [RefusalCount]string{
	"admitted", "timestamp_missing", "timestamp_not_integer", "timestamp_in_seconds", "timestamp_too_old",
	"timestamp_in_future", "count_not_a_number", "count_negative", "count_too_large", "id_too_long",
	"id_missing", "kind_conflict", "place_not_configured", "too_many_assets", "increment_too_old", "wrong_shape",
	"id_not_plain",
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
	Content string // the first 1 KB of the event
}

const (
	refusedKept    = 100  // entries of the ring
	refusedContent = 1024 // bytes kept of each
)

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

// list returns the entries, oldest first.
func (r *refusedRing) list() []RefusedEvent {
	out := make([]RefusedEvent, 0, len(r.entries))
	out = append(out, r.entries[r.next:]...)
	return append(out, r.entries[:r.next]...)
}
