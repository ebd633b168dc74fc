package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus/pointlist"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// proposal is what somebody wants of the ledger, and what it would come to.
type proposal struct {
	*ledgerOnDisk
	wish  gateway.Wish
	notes []string
	file  string // that it follows from, "" if from the configuration
	plan  *gateway.Plan
	// reasons are why assets are added, where the words of the plan would not tell.
	reasons map[gateway.AssetID]string
}

// propose works out what the configuration, or a file, would change of what is stored.
func propose(ctx context.Context, path string, wanted serviceFlags, files []string, adopt bool) (*proposal, error) {
	if len(files) == 1 {
		return proposeFile(ctx, path, files[0], adopt)
	}
	l, err := readLedger(ctx, path, false)
	if err != nil {
		return nil, err
	}
	p := &proposal{ledgerOnDisk: l, wish: wishOf(l.settings)}
	for _, list := range []struct {
		names []string
		into  *[]gateway.AssetID
	}{{wanted.retire, &p.wish.Retire}, {wanted.reinstate, &p.wish.Reinstate}} {
		for _, name := range list.names {
			id, err := l.state.Find(name)
			if err != nil {
				return nil, err
			}
			*list.into = append(*list.into, id)
		}
	}
	p.plan = l.state.Plan(&p.wish)
	return p, nil
}

// proposeFile works out what a file would change.
func proposeFile(ctx context.Context, path, file string, adopt bool) (*proposal, error) {
	l, err := readLedger(ctx, path, true)
	if err != nil {
		return nil, err
	}
	contents, err := pointlist.ReadFile(file, mapOptions(l.settings))
	if _, unreadable := errors.AsType[*fs.PathError](err); unreadable {
		return nil, fmt.Errorf("reading %s: %s; name the file that \"points export\" wrote", file, cause(err))
	}
	if err != nil {
		return nil, err
	}
	p := &proposal{ledgerOnDisk: l, notes: contents.Notes, file: file}
	if p.wish, err = wishOfList(l.settings, contents, l.gateway, len(l.state.Assets()) == 0 || adopt); err != nil {
		return nil, fmt.Errorf("%s %w, add --adopt, so that it takes over its id too", file, err)
	}
	p.plan = l.state.Plan(&p.wish)
	return p, nil
}

// wishOf is what a configuration wants of the ledger.
func wishOf(c *config.Config) gateway.Wish {
	rules := rulesOf(c)
	groups := slices.AppendSeq([]string{}, maps.Keys(rules.Groups))
	return gateway.Wish{Pins: rules.Pins(), Groups: groups}
}

// wishOfList is what a list wants of the ledger of a gateway with that id, besides the configuration. That of another
// gateway is wanted only where this one may take its place. The error begins behind what the list is called, and ends
// where it is said how that is allowed.
func wishOfList(c *config.Config, list *pointlist.Contents, id string, adopt bool) (gateway.Wish, error) {
	wish := wishOf(c)
	wish.Groups, wish.Listing = nil, &list.Listing // which groups there are is for "points apply"
	switch {
	case list.Gateway == id:
	case adopt:
		wish.Gateway = list.Gateway
	default:
		return wish, fmt.Errorf("was exported by the gateway %s, and this is %s, which has assets of its own; if this one takes the place of that one", list.Gateway, id)
	}
	return wish, nil
}

// orderOf is a wish as an order at a desk.
func orderOf(wish *gateway.Wish, allowMoves bool, author string) web.LedgerOrder {
	o := web.LedgerOrder{Pins: wish.Pins, Groups: wish.Groups, Gateway: wish.Gateway, AllowMoves: allowMoves, Author: author}
	for _, id := range wish.Retire {
		o.Retire = append(o.Retire, string(id))
	}
	for _, id := range wish.Reinstate {
		o.Reinstate = append(o.Reinstate, string(id))
	}
	if l := wish.Listing; l != nil {
		o.Listing = &web.LedgerListing{Vacated: l.Vacated}
		for k := range l.Assets {
			a := &l.Assets[k]
			o.Listing.Assets = append(o.Listing.Assets, web.LedgerAsset{
				Asset: a.ID, Kind: a.Kind.String(), Number: a.Number, Name: a.Given, CustomID: a.CustomID, Parent: a.Parent,
				Retired: a.Retired, Appended: a.Appended,
			})
		}
	}
	for k := range wish.Inventory {
		a := &wish.Inventory[k]
		o.Inventory = append(o.Inventory, web.LedgerPlace{
			Asset: a.ID, Kind: a.Kind.String(), Name: a.Given, CustomID: a.CustomID, Parent: a.Parent,
			Capacity: a.Facts.Capacity, Timezone: a.Facts.Timezone(), Tags: a.Facts.Tags, Entrance: a.Facts.Entrance, MAC: a.MAC,
		})
	}
	return o
}

// errImpossible says that a plan cannot be carried out.
var errImpossible = errors.New("nothing was changed: not everything that is asked for can be had")

// nothingToDo tells whether the ledger is what is wanted already.
func (p *proposal) nothingToDo() bool { return p.plan.Empty() && p.wish.Gateway == "" }

// carryOut has the plan carried out by the gateway that runs, or at a desk of our own.
func (p *proposal) carryOut(c *cobra.Command, path string, why visit, allowMoves bool) error {
	w := bufio.NewWriter(c.OutOrStdout())
	moves := p.plan.Moves()
	switch {
	case len(p.plan.Conflicts) > 0:
		p.print(w)
		return errors.Join(w.Flush(), errImpossible)
	case moves > 0 && !allowMoves:
		p.print(w)
		return errors.Join(w.Flush(), fmt.Errorf("nothing was changed: %s come to mean another asset, and controllers would read that without noticing; if it is meant so, add --allow-moves",
			countedAs(moves, "number", "would", "would")))
	case p.nothingToDo():
		p.printNotes(w)
		fmt.Fprintln(w, "There is nothing to do.")
		return errors.Join(p.sumUp(w), w.Flush())
	}
	var answer *web.Rearranged
	log := slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
	alone, err := atDesk(c.Context(), p.settings, why, log, func(at desk) (err error) {
		answer, err = at.Rearrange(c.Context(), orderOf(&p.wish, allowMoves, operator()))
		return err
	})
	if err != nil {
		return err
	}
	if alone {
		fmt.Fprintf(c.ErrOrStderr(), "No gateway runs on the state directory %s: this is stored, and the next start finds it.\n", p.settings.Gateway.StateDir)
	}
	printChanges(w, p.reasoned(answer), mapOptions(p.settings))
	printTold(w, answer)
	p.printNotes(w)
	fmt.Fprintf(w, "Done: %s.\n", answer.Words())
	p.printAfter(w, answer, alone)
	after, err := readLedger(c.Context(), path, false)
	if err == nil {
		err = after.sumUp(w)
	}
	return errors.Join(err, w.Flush())
}

// show prints a plan that is not carried out.
func (p *proposal) show(out io.Writer) error {
	w := bufio.NewWriter(out)
	p.print(w)
	if len(p.plan.Conflicts) > 0 {
		return errors.Join(w.Flush(), errImpossible)
	}
	command := "points apply"
	if p.file != "" {
		command = "points import " + p.file
	}
	switch {
	case p.nothingToDo():
		fmt.Fprintln(w, "There is nothing to do.")
	case p.plan.Moves() > 0:
		fmt.Fprintf(w, "Nothing was changed. \"butlr-gateway %s --allow-moves\" does it: %s come to mean another asset.\n", command, countedAs(p.plan.Moves(), "number", "would", "would"))
	default:
		fmt.Fprintf(w, "Nothing was changed. \"butlr-gateway %s\" does it.\n", command)
	}
	return w.Flush()
}
