package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/store"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func pointsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "points", Short: "List, export and settle what controllers read, and where",
	}
	c.AddCommand(pointsListCommand(), pointsPlanCommand(), pointsApplyCommand(), pointsExportCommand(), pointsImportCommand())
	return c
}

func pointsListCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "list", Short: "List every asset and where its block of registers begins", Args: cobra.NoArgs,
		Long: `List every asset and where its block of registers begins, and the map checksum.

An asset is settled when the checksum covers it, appended when it came after the checksum was fixed,
and retired when it is out of service for good; its registers stay then, and nobody else gets them.`,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := readLedger(c.Context(), path, false)
			if err != nil {
				return err
			}
			w := bufio.NewWriter(c.OutOrStdout())
			return errors.Join(listAssets(w, l.state.Assets(), mapOptions(l.settings)), l.sumUp(w), w.Flush())
		},
	}
	configFlag(c, &path)
	return c
}

// ledgerOnDisk is what a gateway has stored of its numbers, whether or not it runs.
type ledgerOnDisk struct {
	settings *config.Config
	gateway  string         // its id, "" if it never ran
	state    *gateway.State // with what is stored, and nothing that the configuration would add
}

// readLedger reads it. Where mayBeNew, a state directory that is not there is an empty one.
func readLedger(ctx context.Context, path string, mayBeNew bool) (*ledgerOnDisk, error) {
	settings, err := config.LoadWithoutSecrets(path)
	if err != nil {
		return nil, err
	}
	saved, identity, err := store.Read(ctx, string(settings.Gateway.StateDir))
	if mayBeNew && errors.Is(err, fs.ErrNotExist) {
		saved, err = &gateway.Saved{}, nil
	}
	if err != nil {
		return nil, err
	}
	state, err := gateway.RestoreState(rulesOf(settings), saved, newClock()())
	if err != nil {
		return nil, fmt.Errorf("reading the state: %w", err)
	}
	return &ledgerOnDisk{settings, identity.GatewayID, state}, nil
}

func listAssets(w io.Writer, assets []*gateway.Asset, o modbus.MapOptions) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NUMBER\tUNIT\tADDRESS\tINPUT\tHOLDING\tKIND\tSTATE\tNAME\tPLACE\tID")
	for _, a := range assets {
		unit, address, input, holding := "-", "-", "-", "-"
		if r, ok := registerOf(a, o); ok {
			unit, address, input, holding = strconv.Itoa(r.Unit), strconv.Itoa(r.Address), r.Input, r.Holding
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Number, unit, address, input, holding, a.Kind, standingOf(a),
			printable(a.Label()), printable(strings.Join(a.Path, " / ")), printable(string(a.ID)))
	}
	return t.Flush()
}

// standingOf is how an asset stands in the ledger.
func standingOf(a *gateway.Asset) string {
	switch {
	case a.Retired:
		return "retired"
	case a.Appended:
		return "appended"
	}
	return "settled"
}

// printable shows a text escaped that a terminal would obey: names come from outside.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	quoted := strconv.QuoteToASCII(text)
	return quoted[1 : len(quoted)-1]
}

// writeOutput writes to a file, which appears only when it is whole, or to standard output.
func writeOutput(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		w := bufio.NewWriter(stdout)
		return errors.Join(write(w), w.Flush())
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return fmt.Errorf("writing %s: %s; name a folder that exists and that you may write to", path, cause(err))
	}
	w := bufio.NewWriter(f)
	err = errors.Join(write(w), w.Flush(), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
