package gateway

import "time"

// Batch is what must be made durable together: rows that changed, whole, as they now are. Writing a
// batch twice, or a later one over an earlier one, leaves the same rows as writing the later one once.
type Batch struct {
	Removed   []Number  // assets to delete first, with all their rows; they may be in Assets again
	Assets    []*Asset  // described anew; those not in the ledger are new
	Histories []History // each replaces what is stored of its asset and feed
	Totals    []Total
	Sites     []SiteLife       // each replaces what is stored of its site
	Overrides []Override       // each replaces what is stored of its asset and target
	Released  []OverrideKey    // overrides to delete
	Audit     []OverrideChange // to be added to the audit
	Alive     Timestamp        // when the gateway was last alive; 0 leaves what is stored
	Process   *Process         // with Alive; nil leaves what is stored
	Forgotten []Increment      // increments to delete
	Counted   []Increment
	Expired   Timestamp // increments of event times before it may be deleted; 0 for none
	Edition   *Edition  // replaces what is stored; nil leaves it. Assets move, and retire, only together with one
	Whole     bool      // it is everything: nothing else is to be left of what was stored but the audit, Alive and Process
}

// Empty tells whether there is nothing to store.
func (b *Batch) Empty() bool {
	return len(b.Removed) == 0 && len(b.Assets) == 0 && len(b.Histories) == 0 &&
		len(b.Totals) == 0 && len(b.Sites) == 0 && len(b.Overrides) == 0 && len(b.Released) == 0 &&
		len(b.Audit) == 0 && len(b.Forgotten) == 0 && len(b.Counted) == 0 && b.Expired == 0 && b.Alive == 0 &&
		b.Process == nil && b.Edition == nil
}

func (b *Batch) reset() {
	clear(b.Assets)
	*b = Batch{
		Removed: b.Removed[:0], Assets: b.Assets[:0], Histories: b.Histories[:0],
		Totals: b.Totals[:0], Sites: b.Sites[:0], Overrides: b.Overrides[:0], Released: b.Released[:0],
		Audit: b.Audit[:0], Forgotten: b.Forgotten[:0], Counted: b.Counted[:0],
	}
}

// Feed is one event type about one asset, as far as it has a value now. Its numbers are stored.
type Feed uint8

// The feeds with revisions.
const (
	PeopleFeed       Feed = iota // Occupancy
	PeopleMinuteFeed             // OccupancyMinute
	MotionFeed                   // MotionStarted, MotionEnded
	TrafficFeed                  // Traffic, of assets whose evidence it is: each revision is what one event added
	FeedCount        = iota
)

// History is what is kept of one feed: the revisions of its window, and of those before it only what the
// outputs and the day's measures still need.
type History struct {
	Asset  Number
	Feed   Feed
	Window []Entry // by event time, one for each moment (of TrafficFeed: one for each event)
	Before Before
}

// Entry is a revision as a history keeps it.
type Entry struct {
	At    Timestamp
	ID    EventID
	Value int32 // people; 1 motion, 0 no motion; of TrafficFeed in less out
}

// Before is what a history keeps of the revisions that have left its window.
type Before struct {
	LastPositive Timestamp // 0 for none, as all of these
	FirstClear   Timestamp // the first clear after LastPositive; where nothing was ever positive, the first clear
	LastClear    Timestamp
	Newest       Timestamp // the newest of them
	Sum          int       // of TrafficFeed: what the revisions before the window add up to, since Day
	Day          Timestamp // the midnight that began the day of Sum, Peak and Minutes
	Peak         int       // people
	Minutes      int       // distinct minutes with a positive
	LastMinute   int64     // the last of them, in minutes since 1970
	Output       Past
}

// Past is where the outputs stood at a moment, for those that have an on-delay: whether a later revision
// extends an answer or has to wait for its delay cannot be told without. The histories of people have it of all
// evidence together, with that feed in use. That of motion has it of motion alone where nobody was ever counted, and
// where people and motion must both say so; else of when the feed of people was last live that has been silent since.
type Past struct {
	At    Timestamp // 0: nothing is known, nothing was on
	On    [OutputCount]bool
	Since [OutputCount]Timestamp // since when the evidence said without a break what it said; 0: it had said nothing
}

// SiteLife is when a site was heard of.
type SiteLife struct {
	Site    Number
	Newest  Timestamp // event time of the newest event of anything in the site
	Minutes []byte    // two for each minute, at its remainder by their number: 1 + the second, rounded up, of its first and of its last event; 0 if there was none
	Last    int64     // the newest minute in Minutes
	Older   Timestamp // when, to the second, it was heard last before those minutes; 0 never

	// Of the silences before those minutes: of each time that one has to last to be a loss to any asset the newest
	// that lasted longer, the newest first, each longer than those before it.
	Silences []Silence

	Starts [2]Timestamp // when the earliest of its feeds that speak every minute were first heard; 0 none
}

// Silence is a time in which a site said nothing at all. The zero value is none.
type Silence struct{ From, To Timestamp }

// Process is what a process leaves behind of itself.
type Process struct {
	Starts     []Start       // when gateways started before, the oldest first; never altered
	ClockWrong time.Duration // how far the wall clock was ahead of the time that was believed; 0: it was believed
}

// Start is a start of the gateway: from Alive to At none was running.
type Start struct{ Alive, At Timestamp }

// OverrideKey names an override.
type OverrideKey struct {
	Asset  Number
	Target Target
}

// Total is an asset's running totals of people who passed, and what else is kept of events without a feed.
type Total struct {
	Asset   Number
	In, Out uint64
	At      Timestamp // event time of the newest increment; 0 for none

	// The traffic estimate: what the increments of one day add up to, in less out.
	Day Timestamp // the midnight that began the day, or the reset on command since
	Net int64     // people

	Lacks    Timestamp // a time of the newest day on which something may be missing: an increment was too old to be counted, or they are of a backup; 0 for none
	Detected Timestamp // the hour in which the newest Detected was sensed; 0 for none. Of whom, and of how many, is not kept
}

// IncrementKey identifies one TRAFFIC event of one sensor: 128 bits of a hash of both.
type IncrementKey [16]byte

// Increment is one counted TRAFFIC event, remembered by event time.
type Increment struct {
	Key IncrementKey
	At  Timestamp
}
