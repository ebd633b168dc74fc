package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// additionsShown is how many of the assets that are added are listed one by one.
const additionsShown = 40

// print shows what a plan would change, and what stands in its way.
func (p *proposal) print(w io.Writer) {
	planned := p.reasoned(web.RearrangedOf(p.plan))
	printChanges(w, planned, mapOptions(p.settings))
	printTold(w, planned)
	if n := len(p.plan.Conflicts); n > 0 {
		fmt.Fprintf(w, "%s cannot be had:\n", countOf(n, "thing"))
		for i := range p.plan.Conflicts {
			fmt.Fprintf(w, "  %s\n", printable(p.plan.Conflicts[i].Sentence()))
		}
	}
	p.printNotes(w)
	if len(p.plan.Conflicts) == 0 && (p.wish.Pins != nil || p.wish.Listing != nil) {
		p.printChecksum(w)
	}
}

// reasoned puts the proposal's own reasons into what was, or would be, done.
func (p *proposal) reasoned(r *web.Rearranged) *web.Rearranged {
	for k := range r.Changes {
		if why := p.reasons[r.Changes[k].Asset]; why != "" {
			r.Changes[k].Why = why
		}
	}
	return r
}

func (p *proposal) printNotes(w io.Writer) {
	for _, note := range slices.Concat(p.notes, p.plan.Notes) {
		fmt.Fprintf(w, "Note: %s.\n", printable(note))
	}
}

// printChecksum says what becomes of the checksum. It carries the plan out on what was read, and on nothing else.
func (p *proposal) printChecksum(w io.Writer) {
	before, _ := modbus.Checksum(slices.Values(p.state.Assets()))
	if p.plan.First && len(p.state.Assets()) > 0 {
		fmt.Fprintln(w, "The checksum has not been fixed yet, and would be.")
	}
	if n := p.plan.Covered; n > 0 {
		fmt.Fprintf(w, "%s appended since the checksum was fixed, and would be covered.\n", countedAs(n, "asset", "was", "were"))
	}
	if n := p.plan.Uncovered; n > 0 {
		fmt.Fprintf(w, "%s not in the file, and would be appended: the checksum would not cover them.\n", countedAs(n, "asset", "is", "are"))
	}
	if p.wish.Gateway != "" {
		fmt.Fprintf(w, "The gateway's id would be %s.\n", p.wish.Gateway)
	}
	if _, err := p.state.Rearrange(newClock()(), &p.wish, true); err != nil {
		return // conflicts have been told
	}
	if after, _ := modbus.Checksum(slices.Values(p.state.Assets())); after != before {
		fmt.Fprintf(w, "The checksum is %s and would be %s.\n", hex32(before), hex32(after))
	} else {
		fmt.Fprintf(w, "The checksum is %s and would stay so.\n", hex32(before))
	}
}

// printChanges lists what was, or would be, done to each asset.
func printChanges(w io.Writer, r *web.Rearranged, o modbus.MapOptions) {
	if len(r.Changes) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CHANGE\tNUMBER\tUNIT\tINPUT\tHOLDING\tKIND\tNAME\tID\tWHY")
	additions, more := 0, 0
	for k := range r.Changes {
		c := &r.Changes[k]
		if c.Step == gateway.StepAdd.String() && !c.Reuse {
			if additions++; additions > additionsShown {
				more++
				continue
			}
		}
		number, unit, input, holding := strconv.Itoa(int(c.To)), "-", "-", "-"
		if r, ok := registerOf(&gateway.Asset{Number: c.To}, o); ok {
			unit, input, holding = strconv.Itoa(r.Unit), r.Input, r.Holding
		}
		if c.From != nil && *c.From != c.To {
			number = fmt.Sprintf("%d -> %d", *c.From, c.To)
		}
		why := c.Why
		if c.Reuse {
			why += "; another asset had the number before"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Step, number, unit, input, holding, c.Kind, printable(c.Name), printable(string(c.Asset)), printable(why))
	}
	_ = t.Flush() // into memory
	if more > 0 {
		fmt.Fprintf(w, "… and %s more.\n", countOf(more, "addition"))
	}
	fmt.Fprintln(w)
}

// printTold lists what an inventory said, or would say, anew: of what has a number all of it, of what is added as much as
// of additions is listed.
func printTold(w io.Writer, r *web.Rearranged) {
	if len(r.Told) == 0 {
		return
	}
	added := map[gateway.AssetID]bool{}
	for k := range r.Changes {
		if r.Changes[k].Step == gateway.StepAdd.String() {
			added[r.Changes[k].Asset] = true
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "INVENTORY\tNUMBER\tKIND\tNAME\tID\tWAS\tIS")
	additions, more := 0, 0
	for k := range r.Told {
		told := &r.Told[k]
		if added[told.Asset] {
			if additions++; additions > additionsShown {
				more++
				continue
			}
		}
		is := orDash(told.To)
		if told.Ruled != "" {
			is += "; in force is " + told.Ruled + ", of the configuration"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", told.What, told.Number, told.Kind, printable(told.Name), printable(string(told.Asset)),
			printable(orDash(told.From)), printable(is))
	}
	_ = t.Flush() // into memory
	if more > 0 {
		fmt.Fprintf(w, "… and %s more of what is added.\n", countOf(more, "thing"))
	}
	fmt.Fprintln(w)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// printAfter says what is still to be done before what was changed counts.
func (p *proposal) printAfter(w io.Writer, r *web.Rearranged, alone bool) {
	newGroup := slices.ContainsFunc(r.Changes, func(c web.LedgerChange) bool {
		return c.Kind == gateway.Group.String() && (c.Step == gateway.StepAdd.String() || c.Step == gateway.StepReinstate.String())
	})
	switch {
	case alone:
	case p.wish.Gateway != "":
		fmt.Fprintf(w, "Restart the gateway: its id is %s from then on.\n", p.wish.Gateway)
	case newGroup:
		fmt.Fprintln(w, "Restart the gateway unless it has started since its configuration was edited: until then a new group is out of service.")
	}
}
