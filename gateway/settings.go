package gateway

import "time"

// Settings are the operator's choices about one asset. Where an asset, its class, its site and the whole
// gateway say different things, the first of them that says something counts: see [Rules.For].
type Settings struct {
	Evidence   Evidence
	OnCount    int // people; so many or more are positive
	OffCount   int // people; fewer are clear, at most OnCount
	PeopleFeed PeopleFeedRule
	Feed       FeedRule
	Tie        TieRule

	OnDelay  [OutputCount]time.Duration // 0 to 20 min
	OffDelay [OutputCount]time.Duration // 0 to 4 h

	OnLoss           [OutputCount]Policy
	OnLossAfterHours Policy        // instead of PolicyOccupied, outside the hours of a site that has some
	HoldMax          time.Duration // how long PolicyHold holds
	PeopleOnLoss     PeopleOnLoss
	PeopleSubstitute int // people; of PeopleNumber

	StaleAfter           time.Duration
	DeadAfter            time.Duration
	ChangeUncertainAfter time.Duration
	StartupGrace         time.Duration

	MaxLatch         time.Duration
	LightingMaxLatch time.Duration
	LatchCheck       time.Duration // 0 is off

	MinCoverage int // percent
}

// Patch is what one section of the configuration sets: each of its functions changes one setting.
type Patch []func(*Settings)

func (p Patch) apply(s *Settings) {
	for _, set := range p {
		set(s)
	}
}

// Output is one of the three occupied answers.
type Output uint8

// The outputs.
const (
	LightingOutput Output = iota
	HVACOutput
	VentilationOutput
	OutputCount = iota
)

// Measure returns the measure that shows the output.
func (o Output) Measure() Measure { return Lighting + Measure(o) }

// String returns the output's name.
func (o Output) String() string { return o.Measure().String() }

// Evidence says which feeds decide about an asset's outputs.
type Evidence uint8

// The choices of [Settings.Evidence].
const (
	EvidenceEither  Evidence = iota // people or motion, each once it has been seen
	EvidencePeople                  // people alone
	EvidenceMotion                  // motion alone
	EvidenceBoth                    // people and motion together: one that is live and clear is enough for vacant
	EvidenceTraffic                 // the traffic estimate alone
)

// FeedRule says how often Butlr sends an asset's occupancy.
type FeedRule uint8

// The choices of [Settings.Feed].
const (
	FeedMinute FeedRule = iota // every minute: silence is a loss
	FeedChange                 // when it changes (send_on_value_change): as alive as the asset's site
)

// PeopleFeedRule chooses between the two feeds of people.
type PeopleFeedRule uint8

// The choices of [Settings.PeopleFeed].
const (
	PeopleAuto   PeopleFeedRule = iota // raw while it is not stale, else the minute feed
	PeopleRaw                          // Occupancy only
	PeopleMinute                       // OccupancyMinute only
)

// TieRule decides between two events of one feed and one timestamp.
type TieRule uint8

// The choices of [Settings.Tie].
const (
	TieByMinting TieRule = iota // the one minted later; in the same second positive above clear, the greater value, the greater id
	TieByArrival                // the one that arrived last
)

// Policy is what an output answers while the feeds that it needs are dead.
type Policy uint8

// The policies.
const (
	PolicyOccupied Policy = iota
	PolicyHold            // what the events said when the feed was last live
	PolicyVacant
)

// String returns the policy's name.
func (p Policy) String() string { return [...]string{"occupied", "hold", "vacant"}[p] }

// PeopleOnLoss is what people reads while its feed is dead.
type PeopleOnLoss uint8

// The choices of [Settings.PeopleOnLoss].
const (
	PeopleHold     PeopleOnLoss = iota // the last count
	PeopleCapacity                     // the asset's capacity; where it is not known, the last count
	PeopleNumber                       // [Settings.PeopleSubstitute]
)

// DefaultSettings returns what is in force where the operator says nothing.
func DefaultSettings() Settings {
	return Settings{
		OnCount:              1,
		OffCount:             1,
		OffDelay:             [OutputCount]time.Duration{10 * time.Minute, 15 * time.Minute, 6 * time.Minute},
		OnLossAfterHours:     PolicyHold,
		HoldMax:              24 * time.Hour,
		StaleAfter:           5 * time.Minute,
		DeadAfter:            15 * time.Minute,
		ChangeUncertainAfter: 12 * time.Hour,
		StartupGrace:         5 * time.Minute,
		MaxLatch:             4 * time.Hour,
		LightingMaxLatch:     12 * time.Hour,
		LatchCheck:           time.Hour,
		MinCoverage:          80,
	}
}

// lossPolicy is what an output does while nothing is known, in a building that is in use or is not.
func (s *Settings) lossPolicy(o Output, inUse bool) Policy {
	if s.OnLoss[o] == PolicyOccupied && !inUse {
		return s.OnLossAfterHours
	}
	return s.OnLoss[o]
}

// unheard tells whether an output is taken for occupied of what nobody ever heard of, in a building that is in use
// or is not. To hold what was never heard counts as occupied, unless it is only that the building is not in use.
func (s *Settings) unheard(o Output, inUse bool) bool {
	p := s.lossPolicy(o, inUse)
	return p == PolicyOccupied || p == PolicyHold && s.OnLoss[o] == PolicyHold
}

// windowOf is how far back from its newest revision a feed's revisions are kept. Of traffic it is the whole
// day: an increment that comes late changes all sums after it.
func (s *Settings) windowOf(f Feed) time.Duration {
	if f == TrafficFeed {
		return longestDay
	}
	return s.window()
}

// longestDay is how long a day is on which the clocks are put back.
const longestDay = 25 * time.Hour

// window is that of feeds with one value for each moment.
func (s *Settings) window() time.Duration {
	on, off := time.Duration(0), time.Duration(0)
	for o := range OutputCount {
		on, off = max(on, s.OnDelay[o]), max(off, s.OffDelay[o])
	}
	return max(30*time.Minute, on+off+10*time.Minute)
}

func (s *Settings) hasOnDelay() bool {
	for _, d := range s.OnDelay {
		if d > 0 {
			return true
		}
	}
	return false
}
