package gateway

import (
	"cmp"
	"slices"
)

// MembersExplanation says what an aggregate was made of.
type MembersExplanation struct {
	Total     int  // with itself, and with those that are missing
	Itself    bool // it has a count or a PIR of its own, and that is a member beside the others
	Qualities [QualityCount]int
	Coverage  int                 // 0.1 %
	Members   []MemberExplanation // those that decide first: occupied, lost, doubtful
	More      int                 // members beside those
	Missing   []string            // members named in the configuration that no asset is
}

// MemberExplanation is one member as it counts.
type MemberExplanation struct {
	ID       AssetID
	Name     string
	Itself   bool
	Occupied Reading
	People   Reading
	Quality  Quality
	Reason   string
}

// membersExplained is how many members are shown one by one.
const membersExplained = 20

func (s *State) explainMembers(a *asset, now Timestamp, coverage int) *MembersExplanation {
	x := &MembersExplanation{Total: len(a.sum.roll) + a.sum.absent.members, Coverage: coverage}
	for _, m := range a.sum.roll {
		x.Qualities[m.member.shown.quality]++
	}
	if a.about.Kind == Group {
		for _, name := range s.groups.named[a.about.ID.groupKey()] {
			if !s.meets(name) {
				x.Missing = append(x.Missing, name)
			}
		}
	}
	if s.work.heard() {
		x.addItself(s.explainMember(a, now, true))
	}
	first := decisive(a.sum.roll)
	x.More = len(a.sum.roll) - len(first)
	for _, m := range first {
		x.Members = append(x.Members, s.explainMember(m, now, false))
	}
	return x
}

func (x *MembersExplanation) addItself(m MemberExplanation) {
	x.Itself = true
	x.Total++
	x.Qualities[m.Quality]++
	x.Members = append(x.Members, m)
}

// explainMember says what a member says; itself is for the own count of an aggregate, without its members.
func (s *State) explainMember(a *asset, now Timestamp, itself bool) MemberExplanation {
	if sum := a.sum; itself {
		a.sum = nil
		defer func() { a.sum = sum }()
	}
	var snapshot Snapshot
	overrides := a.overrides
	if itself { // it is the answer of all of them that is forced
		a.overrides = nil
	}
	s.evaluate(a, now, &snapshot)
	a.overrides = overrides
	return MemberExplanation{
		ID: a.about.ID, Name: a.about.Label(), Itself: itself, Occupied: snapshot.Readings[Occupied], People: snapshot.Readings[People],
		Quality: snapshot.Quality, Reason: snapshot.Reason.Text(s.days(a).place),
	}
}

// decisive returns the members that a person who asks why looks for first, at most so many as are shown.
func decisive(roll []*membership) []*asset {
	first := make([]*asset, 0, membersExplained+1)
	for _, m := range roll {
		if len(first) == membersExplained && byWeight(m.member, first[len(first)-1]) >= 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(first, m.member, byWeight)
		first = slices.Insert(first, at, m.member)
		first = first[:min(len(first), membersExplained)]
	}
	return first
}

// byWeight orders members: those that are occupied, then the less they can be trusted.
func byWeight(a, b *asset) int {
	x, y := &a.shown.contribution, &b.shown.contribution
	return cmp.Or(
		cmp.Compare(y.values[summedHVAC], x.values[summedHVAC]),
		cmp.Compare(trust[x.quality], trust[y.quality]),
		topDown(a, b),
	)
}

// trust orders qualities: those that are lost, held and doubtful before those that are good.
var trust = [QualityCount]int{Substituted: 0, Never: 1, Held: 2, Uncertain: 3, Forced: 4, Good: 5, OutOfService: 6}
