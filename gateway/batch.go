package gateway

// Batch is what must be made durable together: rows that changed, whole, as they now are. Writing a
// batch twice, or a later one over an earlier one, leaves the same rows as writing the later one once.
type Batch struct {
	Removed   []Number // assets to delete first, with all their rows; they may be in Assets again
	Assets    []*Asset // described anew; those not in the ledger are new
	Revisions []FeedRevision
	Totals    []Total
	Forgotten []Increment // increments to delete
	Counted   []Increment
	Expired   Timestamp // increments of event times before it may be deleted; 0 for none
}

// Empty tells whether there is nothing to store.
func (b *Batch) Empty() bool {
	return len(b.Removed) == 0 && len(b.Assets) == 0 && len(b.Revisions) == 0 && len(b.Totals) == 0 &&
		len(b.Forgotten) == 0 && len(b.Counted) == 0 && b.Expired == 0
}

func (b *Batch) reset() {
	clear(b.Assets)
	*b = Batch{
		Removed: b.Removed[:0], Assets: b.Assets[:0], Revisions: b.Revisions[:0], Totals: b.Totals[:0],
		Forgotten: b.Forgotten[:0], Counted: b.Counted[:0],
	}
}

// Feed is one event type about one asset, as far as it has a value now. Its numbers are stored.
type Feed uint8

// The feeds with revisions.
const (
	PeopleFeed       Feed = iota // Occupancy
	PeopleMinuteFeed             // OccupancyMinute
	MotionFeed                   // MotionStarted, MotionEnded
	feedCount        = iota
)

// Revision is what a feed said about one moment.
type Revision struct {
	At    Timestamp
	Value int    // people; 1 motion, 0 no motion
	ID    string // the event's
}

// FeedRevision is a revision and where it belongs.
type FeedRevision struct {
	Asset    Number
	Feed     Feed
	Revision Revision
}

// Total is an asset's running totals of people who passed.
type Total struct {
	Asset   Number
	In, Out uint64
	At      Timestamp // event time of the newest increment
}

// IncrementKey identifies one TRAFFIC event of one sensor: 128 bits of a hash of both.
type IncrementKey [16]byte

// Increment is one counted TRAFFIC event, remembered by event time.
type Increment struct {
	Key IncrementKey
	At  Timestamp
}
