// Package celltext makes text from outside harmless in the cells of a spreadsheet.
package celltext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// formulaSigns are what spreadsheets take for the beginning of a formula, in some languages also as full-width
// signs, and the sign that keeps them from it.
const formulaSigns = "=+-@\t\r\n＝＋－＠'"

// Harmless quotes what a spreadsheet would take for a formula: names come from outside.
func Harmless(cell string) string {
	if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune(formulaSigns, first) {
		return "'" + cell
	}
	return cell
}

// Plain is the inverse of Harmless.
func Plain(cell string) string { return strings.TrimPrefix(cell, "'") }

// OneLine shows control characters, which neither a line of CSV nor a workbook can hold as they are, the way
// that programs write them.
func OneLine(text string) string { return escaped(text, unicode.IsControl) }

// Visible shows whatever cannot be seen that way, also what turns the direction of writing: for people, and for
// nobody who wants the text back.
func Visible(text string) string {
	return escaped(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

func escaped(text string, which func(rune) bool) string {
	if !strings.ContainsFunc(text, which) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if which(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
