package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/store"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

func pointsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "points", Short: "List and export what controllers read, and where",
	}
	c.AddCommand(pointsListCommand(), pointsExportCommand())
	return c
}

func pointsListCommand() *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: "list", Short: "List every asset and where its block of registers begins", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			settings, assets, err := readAssets(c.Context(), path)
			if err != nil {
				return err
			}
			return listAssets(c.OutOrStdout(), assets, mapOptions(settings))
		},
	}
	configFlag(c, &path)
	return c
}

func pointsExportCommand() *cobra.Command {
	var path, format, output string
	var columns bool
	c := &cobra.Command{
		Use: "export", Short: "Export one row for each point, with its address", Args: cobra.NoArgs,
		Long: `Export one row for each point: what it is, and where a controller reads it.

Addresses are 0-based protocol addresses; the column "reference" has the same place in the
notation of many controllers, in which input register 0 is 30001 and holding register 0 is 40001.
With --columns the same points are listed where the column units have them, side by side with those
of all other assets: for controllers that poll hundreds of rooms.`,
		Example: "  butlr-gateway points export --format csv --output points.csv",
		RunE: func(c *cobra.Command, _ []string) error {
			write, ok := pointWriters[format]
			if !ok {
				return usageError{c.CommandPath(), fmt.Errorf("there is no format %q: use csv or json", format)}
			}
			settings, assets, err := readAssets(c.Context(), path)
			if err != nil {
				return err
			}
			points := modbus.Points
			if columns {
				points = modbus.ColumnPoints
			}
			rows := points(slices.Values(assets), mapOptions(settings))
			return writeOutput(c.OutOrStdout(), output, func(w io.Writer) error { return write(w, rows) })
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&format, "format", "csv", "csv or json")
	c.Flags().StringVar(&output, "output", "", "the `file` to write; without it, standard output")
	c.Flags().BoolVar(&columns, "columns", false, "the addresses on the column units, not those of the blocks")
	return c
}

// readAssets reads the assets that a gateway knows, whether or not it runs.
func readAssets(ctx context.Context, path string) (*config.Config, []*gateway.Asset, error) {
	settings, err := config.LoadWithoutSecrets(path)
	if err != nil {
		return nil, nil, err
	}
	saved, _, err := store.Read(ctx, string(settings.Gateway.StateDir))
	if err != nil {
		return nil, nil, err
	}
	state, err := gateway.NewState(rulesOf(settings), saved, newClock()())
	if err != nil {
		return nil, nil, fmt.Errorf("reading the state: %w", err)
	}
	return settings, state.Assets(), nil
}

func listAssets(w io.Writer, assets []*gateway.Asset, o modbus.MapOptions) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NUMBER\tUNIT\tADDRESS\tINPUT\tHOLDING\tKIND\tNAME\tPLACE\tID")
	for _, a := range assets {
		unit, address, input, holding := "-", "-", "-", "-"
		if r, ok := registerOf(a, o); ok {
			unit, address, input, holding = strconv.Itoa(r.Unit), strconv.Itoa(r.Address), r.Input, r.Holding
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", a.Number, unit, address, input, holding, a.Kind,
			printable(a.Label()), printable(strings.Join(a.Path, " / ")), printable(string(a.ID)))
	}
	return t.Flush()
}

// printable shows a text escaped that a terminal would obey: names come from outside.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return text
	}
	quoted := strconv.QuoteToASCII(text)
	return quoted[1 : len(quoted)-1]
}

// pointWriters are the formats of an export.
var pointWriters = map[string]func(io.Writer, iter.Seq[modbus.Row]) error{"csv": writePointsCSV, "json": writePointsJSON}

func writePointsCSV(w io.Writer, rows iter.Seq[modbus.Row]) error {
	out := csv.NewWriter(w)
	if err := out.Write(modbus.Columns()); err != nil {
		return err
	}
	for row := range rows {
		record := row.Record()
		for k, cell := range record {
			record[k] = harmless(cell)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless quotes what a spreadsheet would take for a formula, in some languages also when it begins
// with a full-width sign: names come from outside.
func harmless(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

func writePointsJSON(w io.Writer, rows iter.Seq[modbus.Row]) error {
	before := "[\n  "
	for row := range rows {
		text, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", before, text); err != nil {
			return err
		}
		before = ",\n  "
	}
	if before[0] == '[' {
		_, err := fmt.Fprintln(w, "[]")
		return err
	}
	_, err := fmt.Fprintln(w, "\n]")
	return err
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
