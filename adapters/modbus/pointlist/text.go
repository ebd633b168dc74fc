package pointlist

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/adapters/internal/celltext"
	"butlr-gateway/adapters/modbus"
)

func writeCSV(w io.Writer, rows iter.Seq[modbus.Row]) error {
	out := csv.NewWriter(w)
	if err := out.Write(modbus.Columns()); err != nil {
		return err
	}
	for row := range rows {
		record := row.Record()
		for k, cell := range record {
			record[k] = celltext.Harmless(celltext.OneLine(cell))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func writeJSON(w io.Writer, rows iter.Seq[modbus.Row]) error {
	out := bufio.NewWriter(w)
	before := "[\n  "
	for row := range rows {
		text, err := json.Marshal(row, jsontext.AllowInvalidUTF8(true))
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s%s", before, text); err != nil {
			return err
		}
		before = ",\n  "
	}
	if _, err := out.WriteString("\n]\n"); err != nil {
		return err
	}
	return out.Flush()
}
