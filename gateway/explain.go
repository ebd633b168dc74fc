package gateway

import (
	"context"
	"errors"
	"time"
)

// Explanation is everything that there is to say about one asset at one moment.
type Explanation struct {
	Asset     *Asset
	Quality   Quality
	Number    Number
	Points    []PointExplanation  // of every measure that the asset has
	Feeds     []FeedExplanation   // the evidence: of each feed that was ever heard, or that counts
	Members   *MembersExplanation // of an aggregate; nil else
	Overrides []Override
	Site      SiteExplanation
}

// PointExplanation is one point: its value, and why.
type PointExplanation struct {
	Measure Measure
	Reading Reading
	Reason  string // a sentence, with the times of day of the asset's site
	Code    ReasonCode
}

// FeedExplanation is one feed: what of its evidence is kept, and how alive it is.
type FeedExplanation struct {
	Feed    Feed
	Counts  bool   // as evidence for the outputs
	Chosen  bool   // of the two feeds of people: the one in use
	Life    string // "live", "stale", "dead", "never"
	Rule    string // "minute" or "change": whether its own silence counts, or its site's
	Newest  Timestamp
	StaleAt Timestamp // when silence makes it so; 0 never
	DeadAt  Timestamp
	History History
}

// MembersExplanation says what an aggregate was made of.
type MembersExplanation struct {
	Total     int
	Qualities [QualityCount]int
	Coverage  int      // 0.1 %
	Missing   []string // members named in the configuration that no asset is
}

// SiteExplanation is the life of the asset's site.
type SiteExplanation struct {
	ID          AssetID
	Newest      Timestamp
	MinuteFeeds int // its silence is a loss from two on
	Silence     Silence
	Hours       string // "" if it has none
	InUse       bool   // inside its hours, or it has none
	Timezone    string
}

// Find returns the asset that a name means, as the configuration and commands write it: Butlr's id,
// "custom:" and the customer's own, or "group:" and a group's key. An error says what to do.
func (s *State) Find(name string) (AssetID, error) { return "", errors.New("not built") }

// Explain says everything about an asset; nil if there is none of that id.
func (s *State) Explain(now Instant, id AssetID) *Explanation { return nil }

// Audit returns the newest changes of overrides, oldest first.
func (s *State) Audit() []OverrideChange { return nil }

// Force puts an override in force, durably, and returns it as it is then. Since is set by the hub; Until
// 0 means [DefaultOverride] from now. An error says what to do.
func (h *Hub) Force(ctx context.Context, id AssetID, o Override) (Override, error) {
	return o, errors.New("not built")
}

// Release ends the overrides of the asset's target, or all of them, that are the source's or of a smaller
// one. It returns how many it ended.
func (h *Hub) Release(ctx context.Context, id AssetID, target Target, all bool, by Source, author string) (int, error) {
	return 0, errors.New("not built")
}

// ResetEstimate begins the traffic estimate of an asset anew: nobody is there now.
func (h *Hub) ResetEstimate(ctx context.Context, id AssetID) error { return errors.New("not built") }

// Location returns the time zone of an asset's site.
func (s *State) Location(id AssetID) *time.Location { return time.UTC }
