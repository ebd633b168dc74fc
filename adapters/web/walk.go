package web

import (
	"fmt"
	"time"

	"butlr-gateway/gateway"
)

// Walk is a walk test: somebody goes through the building and compares what the gateway says with what is there.
type Walk struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Author  string     `json:"author"`
	Started Moment     `json:"started"`
	Ended   Moment     `json:"ended"` // null while it is under way
	Counts  WalkCounts `json:"counts"`
	Checks  []Check    `json:"checks"` // in the order in which they were made; null in a list of walks
}

// WalkCounts sums a walk up.
type WalkCounts struct {
	Checks   int `json:"checks"`
	Agrees   int `json:"agrees"`
	Differs  int `json:"differs"`
	NotKnown int `json:"not_known"`
}

// Check is one look into one room.
type Check struct {
	Asset    gateway.AssetID   `json:"asset"`
	Number   gateway.Number    `json:"number"`
	Name     string            `json:"name"`
	Path     []string          `json:"path"`
	Expected string            `json:"expected"` // occupied or vacant: what is there
	People   *int              `json:"people"`   // how many are there; null if nobody counted
	Seen     map[string]*int64 `json:"seen"`     // the readings at that moment, see Row
	Quality  string            `json:"quality"`
	Reason   string            `json:"reason"`
	Register *Register         `json:"register"`
	Words    []uint16          `json:"words"` // as served at that moment, from the register on; null without Modbus
	Topic    string            `json:"topic"`
	At       Moment            `json:"at"`
	Initials string            `json:"initials"`
	Note     string            `json:"note"`
	Verdict  string            `json:"verdict"` // agrees, differs or not known
}

// CheckOrder asks for a check: the body of POST /api/v1/walks/{walk}/checks.
type CheckOrder struct {
	Asset    string `json:"asset"`    // a name, see [Archive]
	Expected string `json:"expected"` // occupied or vacant
	People   *int   `json:"people"`   // null if nobody counted
	Initials string `json:"initials"` // "" for the visitor's own name, or else those of the walk's author
	Note     string `json:"note"`
}

// StartOrder asks for a new walk: the body of POST /api/v1/walks.
type StartOrder struct {
	Name   string `json:"name"`   // "" for the day
	Author string `json:"author"` // initials, or a name; "" for the visitor's own name
}

// The verdicts.
const (
	Agrees   = "agrees"
	Differs  = "differs"
	NotKnown = "not known" // nobody could tell, or what is served is no more than the last that was known
)

// Limits of walk tests.
const (
	MostWalks       = 100
	MostChecks      = 20_000 // of one walk
	MostChecksInAll = 50_000 // they are all in memory, a kilobyte each
	LongestNote     = 256    // bytes
	LongestWalkName = 128    // bytes
)

// UnknownWalk is an id that no walk has.
type UnknownWalk string

func (e UnknownWalk) Error() string {
	return fmt.Sprintf("there is no walk %q: somebody may have deleted it; look at the list of walks", string(e))
}

// verdict compares what is served with what is there. A value that stands in for one that nobody knows, and
// one that is only kept, prove nothing; a forced one does, of everything behind the gateway.
func (c *Check) verdict() string {
	occupied, people := c.Seen[gateway.Occupied.String()], c.Seen[gateway.People.String()]
	switch {
	case c.Quality != gateway.Good.String() && c.Quality != gateway.Uncertain.String() && c.Quality != gateway.Forced.String():
		return NotKnown
	case occupied != nil && (*occupied == 1) != (c.Expected == expectOccupied):
		return Differs
	case c.People != nil && people != nil && *people != int64(*c.People):
		return Differs
	case occupied == nil, c.People != nil && people == nil:
		return NotKnown
	}
	return Agrees
}

const (
	expectOccupied = "occupied"
	expectVacant   = "vacant"
)

// count adds a check to the sum, or with -1 takes it away.
func (c *WalkCounts) count(verdict string, n int) {
	c.Checks += n
	switch verdict {
	case Agrees:
		c.Agrees += n
	case Differs:
		c.Differs += n
	default:
		c.NotKnown += n
	}
}

// day names a walk that nobody named.
func day(now gateway.Timestamp, place *time.Location) string {
	return "Walk of " + now.Time().In(place).Format("2 January 2006")
}
