package workbook

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Within texts a workbook writes a character that XML cannot hold as _xHHHH_, the number of its UTF-16 unit, and so
// also the first sign of a text that happens to look like that (ECMA-376, part 1, 22.9.2.19).
const escapeLength = len("_xHHHH_")

// escaped returns the unit that text begins with, if it begins with an escape.
func escaped(text string) (unit rune, ok bool) {
	if len(text) < escapeLength || text[0] != '_' || text[1] != 'x' || text[escapeLength-1] != '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:escapeLength-1], 16, 16)
	return rune(n), err == nil
}

// escape returns a text as a workbook has it.
func escape(text string) string {
	odd := func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF'
	}
	if !strings.Contains(text, "_x") && !strings.ContainsFunc(text, odd) {
		return text
	}
	var b strings.Builder
	for k, r := range text {
		if _, ok := escaped(text[k:]); ok || odd(r) {
			fmt.Fprintf(&b, "_x%04X_", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unescape is the inverse of escape.
func unescape(text []byte) string {
	if !strings.Contains(string(text), "_x") { // which copies nothing
		return string(text)
	}
	out := make([]byte, 0, len(text))
	for k := 0; k < len(text); {
		end := min(len(text), k+escapeLength)
		if unit, ok := escaped(string(text[k:end])); ok {
			out = utf8.AppendRune(out, unit)
			k += escapeLength
			continue
		}
		out = append(out, text[k])
		k++
	}
	return string(out)
}

// What a sheet can have.
const (
	mostRows    = 1 << 20
	mostColumns = 1 << 14
)

// columnName returns the letters of a column, the first is number 0.
func columnName(column int) string {
	if column < 26 {
		return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[column : column+1]
	}
	return columnName(column/26-1) + columnName(column%26)
}

// columnOf returns the column of a cell's reference, which is like AB12.
func columnOf(reference string) (int, error) {
	column, k := 0, 0
	for ; k < len(reference) && reference[k] >= 'A' && reference[k] <= 'Z' && column <= mostColumns; k++ {
		column = column*26 + int(reference[k]-'A') + 1
	}
	if _, err := strconv.ParseUint(reference[k:], 10, 32); err != nil || column < 1 || column > mostColumns {
		return 0, errors.New(strconv.QuoteToASCII(reference) + " is no place in a sheet")
	}
	return column - 1, nil
}
