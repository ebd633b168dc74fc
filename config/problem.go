package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong, or unwise, in a configuration file.
type Problem struct {
	File    string
	Line    int    // counted from 1; 0 when no line can be blamed
	Key     string // in full: "modbus.unit_id"; "" when the text is not TOML
	Value   string // as in the file, "***" for a secret, "" when it tells nothing
	Message string // continues the sentence that the value begins: "is not in 1 to 48"
	Hint    string // what to do next
}

// String returns the problem in one line, and the hint in a second.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteString(":" + strconv.Itoa(p.Line))
	}
	b.WriteString(":")
	if p.Key != "" {
		b.WriteString(" " + p.Key + ":")
	}
	if p.Value != "" {
		b.WriteString(" " + p.Value)
	}
	b.WriteString(" " + p.Message)
	if p.Hint != "" {
		b.WriteString("\n  hint: " + p.Hint)
	}
	return b.String()
}

// Problems are the problems of one file, in the order of its lines.
type Problems []Problem

// Error returns all problems, one after the other.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i := range p {
		texts[i] = p[i].String()
	}
	return strings.Join(texts, "\n")
}

// sort puts the problems in the order of the file; those without a line come last.
func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if (a.Line == 0) != (b.Line == 0) {
			return cmp.Compare(b.Line, a.Line)
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
}

// fault is what is wrong with one value, before it is known where the value stands.
type fault struct {
	value   string // of a part of the value, such as one entry of a list; "" for all of it
	message string
	hint    string
}
