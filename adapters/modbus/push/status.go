package push

import (
	"butlr-gateway/gateway"
)

// State says how a target is.
type State uint8

// The states.
const (
	Unseen  State = iota // nobody has looked yet
	Waiting              // there was nothing to write yet
	Well                 // it has everything that is to be written
	Failing              // something that should be written is not
)

// String returns the state's name.
func (s State) String() string { return [...]string{"waiting", "waiting", "well", "failing"}[s] }

// TargetStatus is how a target is.
type TargetStatus struct {
	Name       string
	Address    string
	Unit       uint8
	State      State
	Why        string            // of Failing and Waiting
	Since      gateway.Timestamp // of State
	LastAnswer gateway.Timestamp // 0 never
	LastError  string            // "" none since the start
	ErredAt    gateway.Timestamp
	Writes     uint64 // since the start, as the others
	Errors     uint64 // requests without an answer
	Exceptions uint64
	Mismatches uint64
	Points     []PointStatus
}

// PointStatus is how a point is.
type PointStatus struct {
	Name      string
	Asset     string          // as the configuration calls it
	AssetID   gateway.AssetID // which one that is; "" while nobody knows
	Measure   string
	Table     string
	Address   uint16 // 0-based
	Reference string // counted from 1, with the table: "4x1701"
	Function  uint8
	Type      string
	Written   bool
	Number    float64           // that was written last
	At        gateway.Timestamp // when
	Why       string            // it is not as it should be; "" if it is
}

// Status returns how every target is, in the order of the options.
func (p *Pusher) Status() []TargetStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]TargetStatus, len(p.targets))
	for i, t := range p.targets {
		out[i] = t.status()
		for _, point := range t.points {
			out[i].Points = append(out[i].Points, point.status())
		}
	}
	return out
}

// status returns how the target is, without its points.
func (t *target) status() TargetStatus {
	return TargetStatus{
		Name: t.Name, Address: t.Line.String(), Unit: t.Unit, State: t.state, Why: t.why, Since: t.since,
		LastAnswer: t.answered, LastError: t.lastError, ErredAt: t.erredAt,
		Writes: t.writes, Errors: t.errors, Exceptions: t.refusals, Mismatches: t.mismatches,
	}
}

func (p *point) status() PointStatus {
	s := PointStatus{
		Name: p.Name, Asset: p.Asset, Measure: p.Measure, Table: p.Table.String(), Address: p.Address, Reference: reference(&p.Point),
		Function: p.Function, Type: p.Type.String(), Written: p.wroteAt != 0, Number: p.image.number, At: p.wroteAt, Why: p.fault,
	}
	if n, _ := p.subject.only(); n != nil {
		s.AssetID = n.asset.ID
	}
	if s.Why == "" {
		s.Why = p.why.text
	}
	return s
}
