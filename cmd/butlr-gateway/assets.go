package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func assetsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "assets", Short: "Take over from Butlr what there is in the buildings",
	}
	c.AddCommand(assetsImportCommand())
	return c
}

func assetsImportCommand() *cobra.Command {
	var o importOptions
	c := &cobra.Command{
		Use: "import", Short: "Take over every place that Butlr knows, and what it knows of it", Args: cobra.NoArgs,
		Long: `Give every site, building, floor, room, zone and traffic sensor that Butlr knows its number, and with that its
registers, before the first event names it; and take over what Butlr knows of all that have one: names, your own
ids, what lies where, capacities, time zones of sites, tags, and which sensors are entrances. It is in force at once,
and what gateway.toml says of the same counts before it. Without --yes it is shown what would change, and nothing is
changed. Twice is nothing to do.

What has a number keeps it, and what is added to a ledger that was settled is appended. What Butlr does not have any
more is shown and stays as it is: "points apply --retire" takes it out of service.

With --save the inventory is kept in a file, as Butlr answered it, and with --from it is read from there instead
of asking Butlr. Butlr's test devices are left out, and so is what [webhook] does not take events of.

` + whoDoesIt,
		Example: `  butlr-gateway assets import --save inventory.json
  butlr-gateway assets import --from inventory.json --yes`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.from != "" && o.save != "" {
				return usageError{c.CommandPath(), errors.New("--save keeps what Butlr answers, and --from does not ask: give one of them")}
			}
			return o.run(c)
		},
	}
	configFlag(c, &o.config)
	c.Flags().StringVar(&o.from, "from", "", "read the inventory from a `file`, and do not ask Butlr")
	c.Flags().StringVar(&o.save, "save", "", "keep the inventory in a `file`")
	c.Flags().BoolVar(&o.yes, "yes", false, "do what is shown")
	return c
}

// importOptions is what "assets import" is told.
type importOptions struct {
	config, from, save string
	yes                bool
}

func (o *importOptions) run(c *cobra.Command) error {
	stock, missing := o.stock(c)
	if stock == nil {
		return missing
	}
	if o.save != "" {
		text, err := stock.Marshal()
		if err == nil {
			err = writeOutput(nil, o.save, func(w io.Writer) error { _, err := w.Write(text); return err })
		}
		if err != nil {
			return err
		}
	}
	inventory := stock.Inventory()
	if missing != nil { // what is there is good for all that: nothing follows from what is not
		inventory.Notes = append(inventory.Notes, "some of the inventory is missing and is not taken, "+missing.Error())
	}
	p, err := proposeInventory(c.Context(), o.config, inventory, missing == nil)
	if err != nil {
		return err
	}
	if o.yes && p.hasNews() {
		return p.carryOut(c, o.config, toBegin, false)
	}
	return p.showInventory(c.OutOrStdout(), o)
}

// stock asks Butlr, or reads a file. With an error beside it, some of it is missing.
func (o *importOptions) stock(c *cobra.Command) (butlr.Stock, error) {
	if o.from != "" {
		text, err := os.ReadFile(o.from)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %s; name the file that --save wrote", o.from, cause(err))
		}
		stock, err := butlr.ReadStock(text)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", o.from, err)
		}
		return stock, nil
	}
	settings, err := config.Load(o.config)
	if err != nil {
		return nil, err
	}
	client, err := butlrClient(settings, commandLog(c))
	if err != nil {
		return nil, err
	}
	return client.Stock(c.Context())
}

// proposeInventory works out what an inventory would add to the ledger, and what it says anew. Where it is not whole,
// nothing follows from what is missing.
func proposeInventory(ctx context.Context, path string, inventory *butlr.Inventory, whole bool) (*proposal, error) {
	l, err := readLedger(ctx, path, true)
	if err != nil {
		return nil, err
	}
	byAddress(inventory, l.state.Assets())
	places, notes := importable(inventory, l.settings)
	p := &proposal{ledgerOnDisk: l, notes: notes, reasons: map[gateway.AssetID]string{}}
	added := slices.DeleteFunc(slices.Clone(places), func(place butlr.Place) bool {
		return countsNothing(&place) || l.state.Asset(place.ID) != nil
	})
	if len(added) > 0 {
		p.wish = wishOf(l.settings)
		p.wish.Groups = nil // which there are is for "points apply"
		p.wish.Listing = listingOf(l, added)
	}
	for i := range places {
		p.reasons[places[i].ID] = "Butlr has it"
		said, note := saidOf(&places[i], l.state.Asset(places[i].ID), whole)
		p.wish.Inventory = append(p.wish.Inventory, said)
		if note != "" {
			p.notes = append(p.notes, note)
		}
	}
	if whole {
		p.notes = append(p.notes, vanished(l.state.Assets(), inventory)...)
	}
	p.plan = l.state.Plan(&p.wish)
	return p, nil
}

// hasNews tells whether there is anything to take over, or something stands in the way of it.
func (p *proposal) hasNews() bool {
	return len(p.plan.Changes)+len(p.plan.Told)+len(p.plan.Conflicts) > 0
}

// showInventory prints what would be changed, and is not.
func (p *proposal) showInventory(out io.Writer, o *importOptions) error {
	w := bufio.NewWriter(out)
	if !p.hasNews() {
		p.printNotes(w)
		fmt.Fprintln(w, "There is nothing to do: all that Butlr says is known.")
		return w.Flush()
	}
	p.print(w)
	if len(p.plan.Conflicts) > 0 {
		return errors.Join(w.Flush(), errImpossible)
	}
	from := ""
	if o.from != "" {
		from = " --from " + o.from
	}
	fmt.Fprintf(w, "Nothing was changed. \"butlr-gateway assets import%s --yes\" does it.\n", from)
	return w.Flush()
}
