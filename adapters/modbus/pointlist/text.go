package pointlist

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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
			record[k] = harmless(oneLine(cell))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// formulaSigns are what spreadsheets take for the beginning of a formula, in some languages also as full-width
// signs, and the sign that keeps them from it.
const formulaSigns = "=+-@\t\r\n＝＋－＠'"

// harmless quotes what a spreadsheet would take for a formula: names come from outside.
func harmless(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune(formulaSigns, first) {
		return "'" + cell
	}
	return cell
}

// plain is the inverse of harmless.
func plain(cell string) string { return strings.TrimPrefix(cell, "'") }

// oneLine shows control characters, which neither a line of CSV nor a workbook can hold as they are, the way
// that programs write them.
func oneLine(text string) string {
	if !strings.ContainsFunc(text, unicode.IsControl) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
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
