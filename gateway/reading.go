package gateway

// Reading is what the building should believe about a point.
type Reading struct {
	Value   int64     // in the measure's unit; without meaning unless Known
	At      Timestamp // when it was sensed; 0 if nothing was
	Known   bool      // false: nobody can say. Unknown is never 0
	Quality Quality
}

// Snapshot is every reading of one asset at one moment.
type Snapshot struct {
	Asset    *Asset   // never altered; may be kept
	Has      Measures // the measures that the asset has; the others are unknown and nobody need be shown them
	Readings [MeasureCount]Reading
	Quality  Quality   // of the asset: that of its occupied answers, else of its newest measure
	Reason   Reason    // why occupied is what it is
	At       Timestamp // when the newest of what it shows was sensed; 0 never

	// What it takes to tell the age at any later moment: the time of the newest event of the oldest
	// feed behind the answer. Oldest is that of the feeds with a rhythm of their own, 0 if there are
	// none; with FollowsSite, a feed that speaks only on change is behind the answer too, and is as
	// old as what its site said last.
	Oldest      Timestamp
	FollowsSite bool

	OffDelayEnds Timestamp         // when the off-delay of the HVAC output ends; 0 while none runs
	Estimate     bool              // people is the traffic estimate
	Lost         [OutputCount]bool // what each output would be taken for if nobody knew: its policy, hold counts as occupied
	Overrides    []Override        // in force, by target; never altered
	Coverage     int               // members that count, 0.1 %; -1 where the asset is no aggregate
	Simulated    bool              // made up, for a demonstration
}

// Reading returns the reading of m.
func (s *Snapshot) Reading(m Measure) Reading { return s.Readings[m] }

// SiteFeed tells when a site was last heard of.
type SiteFeed struct {
	Site   Number
	Newest Timestamp // the event time of the newest event of anything in the site
}

// Summary counts what a gateway has.
type Summary struct {
	Assets    int
	Qualities [QualityCount]int // assets of each quality; they add up to Assets
	Accepted  uint64            // events since the start of the process
	Refused   uint64            // events since the start of the process
	Unhandled uint64            // events of types without effect

	// Of the accepted ones, those without effect on what is shown now.
	Duplicates uint64 // known already
	Superseded uint64 // of a moment of which another is believed
	Late       uint64 // older than the newest of their feed: they change history alone

	SitesLost  int    // sites whose silence means that their feed is dead
	SiteLost   string // the name of one of them
	ClockDoubt string // why this machine's clock is not trusted; "" when it is
	PinsUnmet  int    // assets that do not have the number that the operator pinned them to
	PinUnmet   string // why not one of them, in words

	Devices DeviceCounts
}

// DeviceCounts is how many sensors and hives there are in rooms and on floors, by Butlr's API. All of it is zero
// where nobody asks.
type DeviceCounts struct {
	At             Timestamp // when it last said so; 0 not since the start
	Sensors        int
	SensorsOffline int // for so long that it is no coincidence
	Hives          int
	HivesOffline   int
	Why            string // which are offline, in words; "" while none is
}

// NowAt returns what the state takes for the time at an instant: the wall clock, unless it is not trusted.
func (u *Update) NowAt(i Instant) Timestamp { return u.Epoch.Add(i.Mono) }

// Update is what a batch of events, or the passing of time, changed.
type Update struct {
	At       Instant
	Now      Timestamp   // what the state took for the time at At
	Epoch    Timestamp   // what it takes for the time at Mono 0
	Left     []Number    // numbers that an asset has moved away from; who has taken one since is in Changed
	Changed  []Snapshot  // one for each asset of which something may have changed
	Heard    []SiteFeed  // sites that said something newer
	Happened []Happening // in the order in which it was said
	Summary  Summary
}
