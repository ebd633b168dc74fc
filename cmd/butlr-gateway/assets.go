package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

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
		Use: "import", Short: "Give every place that Butlr knows a number before an event names it", Args: cobra.NoArgs,
		Long: `Give every site, building, floor, room, zone and traffic sensor that Butlr knows its number, and with that its
registers, before the first event names it: with its name, your own id of it, and what it lies in. Without --yes
it is shown what would be added, and nothing is changed. Nothing else changes: what has a number keeps it,
nothing is retired, and what is added to a ledger that was settled is appended. Twice is nothing to do.

Capacities and time zones are settings of the configuration, not of the ledger: --toml writes those that Butlr
knows and the configuration does not have, as lines to be put into it.

With --save the inventory is kept in a file, as Butlr answered it, and with --from it is read from there instead
of asking Butlr. Butlr's test devices are left out, and so is what [webhook] does not take events of.

` + whoDoesIt,
		Example: `  butlr-gateway assets import --save inventory.json --toml capacities.toml
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
	c.Flags().StringVar(&o.toml, "toml", "", "write capacities and time zones for the configuration into a `file`")
	c.Flags().BoolVar(&o.yes, "yes", false, "do what is shown")
	return c
}

// importOptions is what "assets import" is told.
type importOptions struct {
	config, from, save, toml string
	yes                      bool
}

func (o *importOptions) run(c *cobra.Command) error {
	stock, settings, missing := o.stock(c)
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
	if o.toml != "" {
		if err := writeOutput(nil, o.toml, func(w io.Writer) error { return writeSettings(w, inventory, settings) }); err != nil {
			return err
		}
	}
	p, err := proposeInventory(c.Context(), o.config, inventory)
	if err != nil {
		return err
	}
	if o.yes && len(p.plan.Changes)+len(p.plan.Conflicts) > 0 {
		return p.carryOut(c, o.config, toBegin, false)
	}
	return p.showInventory(c.OutOrStdout(), o)
}

// stock asks Butlr, or reads a file. With an error beside it, some of it is missing.
func (o *importOptions) stock(c *cobra.Command) (butlr.Stock, *config.Config, error) {
	if o.from != "" {
		settings, err := config.LoadWithoutSecrets(o.config)
		if err != nil {
			return nil, nil, err
		}
		text, err := os.ReadFile(o.from)
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %s; name the file that --save wrote", o.from, cause(err))
		}
		stock, err := butlr.ReadStock(text)
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", o.from, err)
		}
		return stock, settings, nil
	}
	settings, err := config.Load(o.config)
	if err != nil {
		return nil, nil, err
	}
	client, err := butlrClient(settings, commandLog(c))
	if err != nil {
		return nil, nil, err
	}
	stock, err := client.Stock(c.Context())
	return stock, settings, err
}

// proposeInventory works out what an inventory would add to the ledger.
func proposeInventory(ctx context.Context, path string, inventory *butlr.Inventory) (*proposal, error) {
	l, err := readLedger(ctx, path, true)
	if err != nil {
		return nil, err
	}
	p := &proposal{ledgerOnDisk: l, wish: wishOf(l.settings), reasons: map[gateway.AssetID]string{}}
	p.wish.Groups = nil // which there are is for "points apply"
	places, notes := importable(inventory, l.settings)
	p.wish.Listing, p.notes = listingOf(l, places), notes
	for i := range places {
		p.reasons[places[i].ID] = "Butlr has it"
	}
	p.plan = l.state.Plan(&p.wish)
	return p, nil
}

// showInventory prints what would be added, and is not.
func (p *proposal) showInventory(out io.Writer, o *importOptions) error {
	w := bufio.NewWriter(out)
	if len(p.plan.Changes)+len(p.plan.Conflicts) == 0 {
		p.printNotes(w)
		fmt.Fprintln(w, "There is nothing to do: everything that Butlr has and that can have a number has one.")
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
