package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/adapters/butlr"
)

// subscriptionView is a subscription as it is shown: without a secret, and of an address that is not this gateway's
// no more than the host, because the rest can be one.
type subscriptionView struct {
	ID       string              `json:"id"`
	Name     string              `json:"name"`
	Own      bool                `json:"own"`
	Events   []string            `json:"events"`
	SendsTo  string              `json:"sends_to"`
	Timeout  int                 `json:"http_timeout_seconds"`
	Header   string              `json:"header"`     // its name
	Basic    bool                `json:"basic_auth"` // there is a user and a password
	OnChange bool                `json:"send_on_value_change"`
	Filters  map[string][]string `json:"filters"`
}

func (s *subscriptions) view(of *butlr.Subscription) *subscriptionView {
	if of == nil {
		return nil
	}
	v := &subscriptionView{
		ID: of.ID, Name: of.Name, Own: s.wish.Owns(of), Events: []string{}, SendsTo: of.Place(), Timeout: int(of.Timeout / time.Second),
		Header: of.Header, Basic: of.Username != "", OnChange: of.OnChange, Filters: of.Filters,
	}
	v.Events = append(v.Events, of.Events...)
	if of.URL == s.wish.URL && of.URL != "" {
		v.SendsTo = of.URL
	}
	return v
}

// printList prints what there is; unless that is all, there may be more.
func (s *subscriptions) printList(out io.Writer, all bool) error {
	if s.asJSON {
		views := []*subscriptionView{}
		for i := range s.there {
			views = append(views, s.view(&s.there[i]))
		}
		return printIndented(out, views)
	}
	w := bufio.NewWriter(out)
	if len(s.there) == 0 && all {
		fmt.Fprintln(w, "Butlr has no subscriptions.")
	}
	for i := range s.there {
		s.view(&s.there[i]).print(w)
	}
	return w.Flush()
}

func (v *subscriptionView) print(w io.Writer) {
	whose := ""
	if v.Own {
		whose = " (this gateway)"
	}
	fmt.Fprintf(w, "%s%s\n", printable(v.Name), whose)
	fmt.Fprintf(w, "  id       %s\n", printable(v.ID))
	fmt.Fprintf(w, "  sends    %s\n", v.what())
	fmt.Fprintf(w, "  to       %s\n", v.where())
}

// what tells the events, and which of them.
func (v *subscriptionView) what() string {
	text := "nothing"
	if len(v.Events) > 0 {
		text = printable(strings.Join(v.Events, ", "))
	}
	if v.OnChange {
		text += "; counts only when they change"
	}
	for _, name := range slices.Sorted(maps.Keys(v.Filters)) {
		text += "; only of " + printable(name+" "+strings.Join(v.Filters[name], " "))
	}
	return text
}

// where tells the address, and how it is used.
func (v *subscriptionView) where() string {
	text := printable(v.SendsTo)
	if v.Timeout > 0 {
		text += ", which must answer within " + strconv.Itoa(v.Timeout) + "s"
	}
	switch {
	case v.Header != "" && v.Basic:
		text += ", with the header " + printable(v.Header) + ", a user and a password"
	case v.Header != "":
		text += ", with the header " + printable(v.Header)
	case v.Basic:
		text += ", with a user and a password"
	default:
		text += ", without a secret"
	}
	return text
}

// printPlan shows a plan that was done as far as done says, or is not to be done yet.
func (s *subscriptions) printPlan(out io.Writer, plan *butlr.Plan, done []butlr.Step) error {
	w := bufio.NewWriter(out)
	for _, c := range plan.Collisions {
		v := s.view(c.With)
		fmt.Fprintf(w, "%s sent to somebody else: %q (%s), at %s.\n", printable(countedEvents(c.Events)), printable(v.Name), printable(v.ID), printable(v.SendsTo))
	}
	switch {
	case plan.Blocked():
	case len(plan.Steps) == 0:
		fmt.Fprintln(w, s.nothing())
	case len(done) > 0:
		for i := range done {
			fmt.Fprintf(w, "Done: %s.\n", s.words(&done[i]))
		}
	case !s.yes:
		for i := range plan.Steps {
			fmt.Fprintf(w, "To do: %s.\n", s.words(&plan.Steps[i]))
		}
		more := ""
		if s.takeOver {
			more = " --take-over"
		}
		fmt.Fprintf(w, "Nothing was changed. \"%s --yes%s\" does it.\n", s.command, more)
	}
	return w.Flush()
}

// nothing says why there is nothing to do.
func (s *subscriptions) nothing() string {
	if s.command == deletes {
		return "There is nothing to do: Butlr has no subscription of this gateway."
	}
	return "There is nothing to do: Butlr's subscription is as configured."
}

func countedEvents(events []string) string {
	if len(events) == 1 {
		return events[0] + " is"
	}
	return strings.Join(events[:len(events)-1], ", ") + " and " + events[len(events)-1] + " are"
}

// words says what a step does.
func (s *subscriptions) words(step *butlr.Step) string {
	before, after := s.view(step.Before), s.view(step.After)
	changes := strings.Join(step.Changes, "; ")
	switch step.Deed {
	case butlr.Create:
		name := strconv.Quote(printable(after.Name))
		if s.wish.Gateway == "" {
			name = "with the name of this gateway, whose id is drawn then"
		}
		return "create a subscription " + name + ", which sends " + after.what() + " to " + after.where()
	case butlr.Update:
		return fmt.Sprintf("update %q (%s), which %s", printable(before.Name), printable(before.ID), printable(changes))
	case butlr.Release:
		return fmt.Sprintf("take from somebody else: %q (%s) %s", printable(before.Name), printable(before.ID), printable(changes))
	case butlr.Remove:
		return fmt.Sprintf("delete somebody else's %q (%s): %s", printable(before.Name), printable(before.ID), printable(changes))
	}
	if changes != "" {
		changes = ": " + changes
	}
	return fmt.Sprintf("delete %q (%s)%s", printable(before.Name), printable(before.ID), printable(changes))
}

// planView is a plan for a program.
type planView struct {
	Gateway    string          `json:"gateway"` // "" before it has an id
	Steps      []stepView      `json:"steps"`
	Collisions []collisionView `json:"collisions"`
	Blocked    bool            `json:"blocked"`
	Done       int             `json:"done"` // of the steps
}

type stepView struct {
	Deed    butlr.Deed        `json:"deed"`
	Before  *subscriptionView `json:"before"`
	After   *subscriptionView `json:"after"`
	Changes []string          `json:"changes"`
}

type collisionView struct {
	With   *subscriptionView `json:"with"`
	Events []string          `json:"events"`
}

func (s *subscriptions) printJSON(w io.Writer, plan *butlr.Plan, done []butlr.Step) error {
	v := planView{Gateway: s.wish.Gateway, Steps: []stepView{}, Collisions: []collisionView{}, Blocked: plan.Blocked(), Done: len(done)}
	for _, step := range plan.Steps {
		v.Steps = append(v.Steps, stepView{step.Deed, s.view(step.Before), s.view(step.After), append([]string{}, step.Changes...)})
	}
	for _, c := range plan.Collisions {
		v.Collisions = append(v.Collisions, collisionView{s.view(c.With), c.Events})
	}
	return printIndented(w, v)
}

func printIndented(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}
