package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func pointsPlanCommand() *cobra.Command {
	var path string
	var wanted serviceFlags
	var adopt bool
	c := &cobra.Command{
		Use: "plan [FILE]", Short: "Show what \"points apply\" would add, retire or move, and change nothing",
		Long: `Show what "points apply" would add, retire or move, and change nothing. With FILE, an exported list, show
what "points import FILE" would.

The plan follows from the configuration: its pins (index), and its groups, of which new ones are added and
those that are gone retired. It is compared with what is stored, also while the gateway runs. The exit
code is 1 if something that is asked for cannot be had.

` + assetGrammar,
		Example: `  butlr-gateway points plan
  butlr-gateway points plan --retire room_3jsO3M1KzCEuPDimYj0iZrqyaiW
  butlr-gateway points plan points.xlsx`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errors.New("give one FILE, or none for what the configuration would change")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			err := wanted.check()
			switch {
			case err != nil:
			case len(args) == 1 && wanted.any():
				err = errors.New("--retire and --reinstate go with the configuration, not with a FILE")
			case len(args) == 0 && adopt:
				err = errors.New("--adopt goes with a FILE")
			}
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			p, err := propose(c.Context(), path, wanted, args, adopt)
			if err != nil {
				return err
			}
			return p.show(c.OutOrStdout())
		},
	}
	configFlag(c, &path)
	wanted.add(c)
	c.Flags().BoolVar(&adopt, "adopt", false, "with FILE: take the place, and the id, of the gateway that exported it")
	return c
}

func pointsApplyCommand() *cobra.Command {
	var path string
	var wanted serviceFlags
	var allowMoves bool
	c := &cobra.Command{
		Use: "apply", Short: "Do what \"points plan\" shows, and fix the map checksum", Args: cobra.NoArgs,
		Long: `Do what "points plan" shows, all of it or nothing, and fix the map checksum anew: it covers every asset
from then on. Nothing else retires an asset or brings it back, and no number moves without --allow-moves.

A retired asset keeps its number and its registers, which read out of service whatever Butlr still sends.

` + assetGrammar + "\n" + whoDoesIt + notBefore,
		Example: `  butlr-gateway points apply
  butlr-gateway points apply --retire custom:MH-3.12 --retire custom:MH-3.13
  butlr-gateway points apply --allow-moves`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := wanted.check(); err != nil {
				return usageError{c.CommandPath(), err}
			}
			p, err := propose(c.Context(), path, wanted, nil, false)
			if err != nil {
				return err
			}
			return p.carryOut(c, path, toRearrange, allowMoves)
		},
	}
	configFlag(c, &path)
	wanted.add(c)
	allowFlag(c, &allowMoves)
	return c
}

func pointsImportCommand() *cobra.Command {
	var path string
	var allowMoves, adopt bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Give every asset the number that it has in an exported list",
		Long: `Give every asset the number that it has in an exported list (csv, json or xlsx), all of them or none. The
file is refused unless it is whole and as it was exported; "points plan FILE" shows what would change.

Into a fresh gateway: this is how replacement hardware takes the place of what was there. It gets every
number, what is retired, and the gateway's id. Import before the gateway starts for the first time.

Into a gateway that has assets: what the file does not name keeps its number unless that is another's in
the file, nothing moves without --allow-moves, and nothing is retired. --adopt is for a replacement that was
started too early: it takes over the id as well.

` + whoDoesIt,
		Example: "  butlr-gateway points import points.csv",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("give the FILE that \"points export\" wrote")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			p, err := proposeFile(c.Context(), path, args[0], adopt)
			if err != nil {
				return err
			}
			return p.carryOut(c, path, toBegin, allowMoves)
		},
	}
	configFlag(c, &path)
	allowFlag(c, &allowMoves)
	c.Flags().BoolVar(&adopt, "adopt", false, "take the place, and the id, of the gateway that exported it, although this one has assets")
	return c
}

func allowFlag(c *cobra.Command, allowMoves *bool) {
	c.Flags().BoolVar(allowMoves, "allow-moves", false, "let numbers come to mean other assets than before")
}

// serviceFlags name assets that are to be taken out of service, or back.
type serviceFlags struct{ retire, reinstate []string }

func (f *serviceFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.retire, "retire", nil, "take an `ASSET` out of service for good; several: the option again")
	c.Flags().StringArrayVar(&f.reinstate, "reinstate", nil, "take a retired `ASSET` back into service")
}

func (f *serviceFlags) any() bool { return len(f.retire)+len(f.reinstate) > 0 }

func (f *serviceFlags) check() error {
	for _, names := range [][]string{f.retire, f.reinstate} {
		for _, name := range names {
			if err := checkAsset(name); err != nil {
				return err
			}
		}
	}
	return nil
}
