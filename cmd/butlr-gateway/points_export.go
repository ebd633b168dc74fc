package main

import (
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/modbus/pointlist"
	"butlr-gateway/gateway"
)

func pointsExportCommand() *cobra.Command {
	var path, format, output string
	var columns bool
	c := &cobra.Command{
		Use: "export", Short: "Export one row for each point, with its address", Args: cobra.NoArgs,
		Long: `Export one row for each point: what it is, and where a controller reads it. The points of the
gateway itself, such as its heartbeat and the map checksum, come first.

Addresses are 0-based protocol addresses; the column "reference" has the same place in the
notation of many controllers, in which input register 0 is 30001 and holding register 0 is 40001.
With --columns the same points are listed where the column units have them, side by side with those
of all other assets: for controllers that poll hundreds of rooms.

Without --format the name of the output tells it, else it is csv. Keep an export with your other
documents: "points import" gives replacement hardware every number that is in it.`,
		Example: `  butlr-gateway points export --output points.xlsx
  butlr-gateway points export --format csv > points.csv`,
		RunE: func(c *cobra.Command, _ []string) error {
			f, err := exportFormat(format, output)
			if err == nil && f == pointlist.XLSX && output == "" && isTerminal(c.OutOrStdout()) {
				err = errors.New("a workbook is nothing for a terminal: give --output points.xlsx")
			}
			if err != nil {
				return usageError{c.CommandPath(), err}
			}
			l, err := readLedger(c.Context(), path, false)
			if err != nil {
				return err
			}
			list := listOf(l.state, l.gateway, mapOptions(l.settings))
			list.Columns = columns
			if err := writeOutput(c.OutOrStdout(), output, func(w io.Writer) error { return list.Write(w, f) }); err != nil {
				return err
			}
			return l.beyondMap(c.ErrOrStderr())
		},
	}
	configFlag(c, &path)
	c.Flags().StringVar(&format, "format", "", "csv, json or xlsx")
	c.Flags().StringVar(&output, "output", "", "the `file` to write; without it, standard output")
	c.Flags().BoolVar(&columns, "columns", false, "the addresses on the column units, not those of the blocks")
	return c
}

// listOf is everything that the list of points of a gateway with that id is made of; it may be kept.
func listOf(state *gateway.State, id string, o modbus.MapOptions) pointlist.List {
	return pointlist.List{Gateway: id, Map: o, Assets: state.Assets(), Vacated: state.Edition().Vacated}
}

// exportFormat is what was asked for, else what the name of the file says.
func exportFormat(format, output string) (pointlist.Format, error) {
	if format != "" {
		return pointlist.ParseFormat(format)
	}
	f, err := pointlist.ParseFormat(strings.TrimPrefix(strings.ToLower(filepath.Ext(output)), "."))
	if err != nil {
		f = pointlist.CSV
	}
	return f, nil
}
