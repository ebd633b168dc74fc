package gateway

import (
	"cmp"
	"fmt"
)

// Wish is what somebody wants of the ledger. What it does not name stays as it is.
type Wish struct {
	Pins      map[AssetID]Number // see [Rules.Pins]; nil for those in force
	Groups    []string           // the keys of all groups that there are to be; nil leaves the groups
	Retire    []AssetID          // to be taken out of service for good
	Reinstate []AssetID          // to be retired no more
	Listing   *Listing           // nil for none
	Gateway   string             // whose ledger it is to be; "" leaves it
	Inventory []Asset            // what an inventory says, with ID, Kind, Given, CustomID, MAC, Parent and Facts; of what has no number nothing follows
}

// leavesLedger tells whether a wish is about what an inventory says and nothing else: the ledger is not settled anew.
func (w *Wish) leavesLedger() bool {
	return w.Inventory != nil && w.Pins == nil && w.Groups == nil && w.Listing == nil && w.Gateway == "" && len(w.Retire)+len(w.Reinstate) == 0
}

// Listing is a ledger from elsewhere: each asset is to have the number that it has there, and to be appended if
// it is so there, or is not in it.
type Listing struct {
	Assets  []Asset  // with ID, Kind, Number, Given, CustomID, Parent, Retired and Appended
	Vacated []Number // in order; see [Edition]
}

// Plan is what a [Wish] would change.
type Plan struct {
	Changes   []Change   // moves first, then by number
	Conflicts []Conflict // with any of them nothing is changed
	Notes     []string   // what else is worth knowing
	Covered   int        // appended assets that are so no more: the ledger is settled anew
	Uncovered int        // assets that a listing does not have, and that are appended from then on
	First     bool       // the ledger was never settled
	Told      []Telling  // what an inventory says anew, in its order
}

// Change is what a plan does to one asset.
type Change struct {
	Step  Step
	Asset AssetID
	Kind  Kind
	Name  string // for people, "" if it has none
	From  Number // NoNumber if it is new
	To    Number
	Reuse bool // an asset that has moved away had the number To
	Why   string
}

// Step is a kind of change.
type Step uint8

// The steps.
const (
	StepMove Step = iota
	StepAdd
	StepRetire
	StepReinstate
	stepCount = iota
)

var stepNames = [stepCount]string{"move", "add", "retire", "reinstate"}

// String returns the step's name.
func (s Step) String() string {
	if int(s) < len(stepNames) {
		return stepNames[s]
	}
	return fmt.Sprintf("step(%d)", uint8(s))
}

// order puts changes as a plan shows them.
func (c Change) order(other Change) int {
	first := func(c *Change) int {
		if c.Step == StepMove {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(first(&c), first(&other)), cmp.Compare(c.To, other.To), cmp.Compare(c.Step, other.Step))
}

// Conflict is why one wish cannot come true.
type Conflict struct {
	Asset  AssetID // as it was named
	Number Number  // that is wanted, NoNumber if it is not about one
	What   string  // goes on with the sentence that the number begins: "is taken by room_Y"
	Remedy string  // what to do
}

// Sentence says it in words.
func (c *Conflict) Sentence() string {
	if c.Number == NoNumber {
		return fmt.Sprintf("%s %s: %s", c.Asset, c.What, c.Remedy)
	}
	return fmt.Sprintf("number %d for %s %s: %s", c.Number, c.Asset, c.What, c.Remedy)
}

// Moves counts the changes after which a number means another asset than before.
func (p *Plan) Moves() (n int) {
	for i := range p.Changes {
		n += one(p.Changes[i].Step == StepMove || p.Changes[i].Reuse)
	}
	return n
}

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return p.leavesLedger() && len(p.Told) == 0 }

// leavesLedger tells whether the ledger stays as it is.
func (p *Plan) leavesLedger() bool {
	return len(p.Changes) == 0 && len(p.Conflicts) == 0 && p.Covered == 0 && p.Uncovered == 0 && !p.First
}
