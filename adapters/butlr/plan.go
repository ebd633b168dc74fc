package butlr

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ownName begins the name of every gateway's subscription; the gateway's id follows.
const ownName = "butlr-gateway "

// Wish is what a gateway wants to be subscribed to. Its Name and ID are left empty: the name follows from Gateway.
type Wish struct {
	Subscription
	Gateway string // its id
	// Next is as good a value of the header, while it is being changed.
	Next Secret
}

// Name returns what the gateway's subscription is called.
func (w *Wish) name() string { return ownName + w.Gateway }

// Owns tells whether a subscription is this gateway's: its name says so. People may add a remark to it.
func (w *Wish) Owns(s *Subscription) bool {
	rest, ok := strings.CutPrefix(s.Name, w.name())
	return ok && w.Gateway != "" && (rest == "" || rest[0] == ' ')
}

// Plan is what lies between what there is and what is wanted. Without steps and collisions there is nothing to do.
type Plan struct {
	Steps      []Step // in the order in which they are done
	Collisions []Collision
}

// Deed is what a step does.
type Deed string

// The deeds.
const (
	Create  Deed = "create"
	Update  Deed = "update"
	Delete  Deed = "delete"
	Release Deed = "release" // take event types from somebody else's subscription, which goes on with the rest
	Remove  Deed = "remove"  // delete somebody else's, which would be left with nothing
)

// Step is one change.
type Step struct {
	Deed          Deed
	Before, After *Subscription // nil where there is none
	Changes       []string      // in words, without a secret
}

// Collision is an event type, or several, that somebody else is subscribed to: Butlr sends a type to one
// subscriber only.
type Collision struct {
	With   *Subscription
	Events []string
}

// Blocked tells whether somebody else would have to give way.
func (p *Plan) Blocked() bool {
	return len(p.Collisions) > 0 && !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Deed == Release || s.Deed == Remove })
}

// Plan works out how to get what is wanted. Somebody else's subscription gives way only with takeOver.
func (w *Wish) Plan(there []Subscription, takeOver bool) *Plan {
	p := &Plan{}
	var own []*Subscription
	for i := range there {
		if s := &there[i]; w.Owns(s) {
			own = append(own, s)
		} else if taken := common(s.Events, w.Events); len(taken) > 0 {
			p.Collisions = append(p.Collisions, Collision{s, taken})
		}
	}
	if takeOver {
		for _, c := range p.Collisions {
			p.Steps = append(p.Steps, giveWay(c))
		}
	}
	for _, s := range own[min(1, len(own)):] {
		p.Steps = append(p.Steps, Step{Deed: Delete, Before: s, Changes: []string{"there is another of this gateway"}})
	}
	wanted := w.Subscription
	if len(own) == 0 {
		wanted.Name = w.name()
		p.Steps = append(p.Steps, Step{Deed: Create, After: &wanted})
	} else if changes := w.differences(own[0]); len(changes) > 0 {
		wanted.Name, wanted.ID = own[0].Name, own[0].ID
		p.Steps = append(p.Steps, Step{Deed: Update, Before: own[0], After: &wanted, Changes: changes})
	}
	return p
}

// giveWay takes from somebody else's subscription what this gateway wants.
func giveWay(c Collision) Step {
	rest := *c.With
	rest.Events = slices.DeleteFunc(slices.Clone(rest.Events), func(e string) bool { return slices.Contains(c.Events, EventType(e)) })
	if len(rest.Events) == 0 {
		return Step{Deed: Remove, Before: c.With, Changes: []string{"nothing is left of it without " + list(c.Events)}}
	}
	return Step{Deed: Release, Before: c.With, After: &rest, Changes: []string{"loses " + list(c.Events)}}
}

// PlanDelete works out how to end what this gateway has.
func (w *Wish) PlanDelete(there []Subscription) *Plan {
	p := &Plan{}
	for i := range there {
		if w.Owns(&there[i]) {
			p.Steps = append(p.Steps, Step{Deed: Delete, Before: &there[i]})
		}
	}
	return p
}

// Apply does one step.
func (c *Client) Apply(ctx context.Context, s Step) error {
	switch s.Deed {
	case Create:
		return c.create(ctx, s.After)
	case Update, Release:
		return c.update(ctx, s.After, s.Before)
	}
	return c.remove(ctx, s.Before)
}

// differences says in words what a subscription has otherwise than is wanted. What Butlr does not tell is taken
// to be as wanted: else there would always be something to do.
func (w *Wish) differences(s *Subscription) (changes []string) {
	say := func(format string, a ...any) { changes = append(changes, fmt.Sprintf(format, a...)) }
	if missing := without(w.Events, s.Events); len(missing) > 0 {
		say("gets %s", list(missing))
	}
	if extra := without(s.Events, w.Events); len(extra) > 0 {
		say("loses %s", list(extra))
	}
	if s.URL != w.URL {
		say("sends to %s instead of %s", w.URL, s.Place())
	}
	changes = append(changes, w.otherSecrets(s)...)
	if s.Timeout != 0 && s.Timeout != w.Timeout {
		say("waits %s for an answer instead of %s", w.Timeout, s.Timeout)
	}
	if s.OnChange != w.OnChange {
		say("sends counts %s", map[bool]string{true: "only when they change", false: "every minute"}[w.OnChange])
	}
	if !sameFilters(s, &w.Subscription) {
		say("gets %s instead of %s", filterWords(&w.Subscription), filterWords(s))
	}
	return changes
}

// otherSecrets says which secrets are sent otherwise than is wanted.
func (w *Wish) otherSecrets(s *Subscription) (changes []string) {
	switch {
	case !strings.EqualFold(s.Header, w.Header) && w.Header == "":
		changes = append(changes, "loses the header "+shown(s.Header))
	case !strings.EqualFold(s.Header, w.Header) && s.Header == "":
		changes = append(changes, "gets the header "+w.Header)
	case !strings.EqualFold(s.Header, w.Header):
		changes = append(changes, "gets the header "+w.Header+" instead of "+shown(s.Header))
	case w.Header != "" && !s.Value.Same(w.Value):
		changes = append(changes, "gets another value of the header "+w.Header)
	}
	switch {
	case s.Username != w.Username && w.Username == "":
		changes = append(changes, "loses the user and the password")
	case s.Username != w.Username:
		changes = append(changes, "gets another user and another password")
	case w.Username != "" && !s.Password.Same(w.Password):
		changes = append(changes, "gets another password")
	}
	return changes
}

func filterWords(s *Subscription) string {
	if s.odd != nil {
		return "filters of an unknown form"
	}
	filters := tidyFilters(s.Filters)
	if len(filters) == 0 {
		return "no filters"
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		words = append(words, shown(name)+" "+shown(strings.Join(filters[name], " ")))
	}
	return "the filters " + strings.Join(words, ", ")
}

// common returns the event types that are in both lists, in the order of the second.
func common(a, b []string) (both []string) {
	for _, e := range b {
		if slices.ContainsFunc(a, func(other string) bool { return EventType(other) == EventType(e) }) {
			both = append(both, EventType(e))
		}
	}
	return both
}

// without returns the event types of a that are not in b.
func without(a, b []string) (rest []string) {
	for _, e := range a {
		if !slices.ContainsFunc(b, func(other string) bool { return EventType(other) == EventType(e) }) {
			rest = append(rest, shown(EventType(e)))
		}
	}
	return rest
}

func list(texts []string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " and " + texts[len(texts)-1]
}

// verb returns the form of a verb that goes with n things.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// shown returns a text of somebody else's as it may be printed.
func shown(text string) string { return safe(text) }

func shownName(s *Subscription) string { return strconv.Quote(shown(s.Name)) }
