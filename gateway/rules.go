package gateway

import "time"

// Rules are the operator's choices that the state obeys.
type Rules struct {
	PeopleFeed PeopleFeedRule
	Tie        TieRule
	StaleAfter time.Duration // after its newest event a feed with a rhythm is stale
	MaxFuture  time.Duration // how far ahead of this machine's clock an event may lie

	Horizon time.Duration // TRAFFIC events are remembered, and counted, for this long after they happened
	MaxIDs  int           // TRAFFIC events that can be remembered

	Organisations []AssetID // accept only events of these; none accepts all
	Sites         []AssetID
	Buildings     []AssetID

	Simulated bool // every reading is marked as made up

	MaxUnknownAssets int // assets that Assets does not name; 0 is no limit
	Assets           map[AssetID]AssetRule
}

// AssetRule is what the operator said of one asset.
type AssetRule struct {
	Name     string
	Capacity int    // people; 0 is not known
	Index    Number // the number that it must have; NoNumber leaves it to the gateway
}

// PeopleFeedRule chooses between the two feeds of people.
type PeopleFeedRule uint8

// The choices of [Rules.PeopleFeed].
const (
	PeopleAuto   PeopleFeedRule = iota // raw while it is not stale, else the minute feed
	PeopleRaw                          // Occupancy only
	PeopleMinute                       // OccupancyMinute only
)

// TieRule decides between two events of one feed and one timestamp.
type TieRule uint8

// The choices of [Rules.Tie].
const (
	TieByMinting TieRule = iota // the one minted later; in the same second the greater value, then the greater id
	TieByArrival                // the one that arrived last
)

// DefaultRules returns the rules that are in force where the operator says nothing.
func DefaultRules() Rules {
	return Rules{
		StaleAfter:       5 * time.Minute,
		MaxFuture:        2 * time.Minute,
		Horizon:          24 * time.Hour,
		MaxIDs:           4_000_000,
		MaxUnknownAssets: 4088,
	}
}
