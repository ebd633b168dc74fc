package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// goal is what a figure shall be.
type goal struct {
	figure string
	limit  float64
	least  bool // not below the limit; else not above it
	unit   string
	digits int // behind the point
}

func (g goal) text() string {
	if g.least {
		return "≥ " + g.with(g.limit)
	}
	return "≤ " + g.with(g.limit)
}

func (g goal) with(value float64) string {
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", g.digits, value, g.unit))
}

func (g goal) met(value float64) bool {
	if g.least {
		return value >= g.limit
	}
	return value <= g.limit
}

// report is what is printed: a line for each goal, and what is worth knowing beside them.
type report struct {
	goals, beside [][]string
	met           int
	missed        []string
	unmeasured    []string
}

// judge notes what was measured.
func (r *report) judge(g goal, value float64) {
	verdict := "met"
	if g.met(value) {
		r.met++
	} else {
		verdict = "missed"
		r.missed = append(r.missed, g.figure)
	}
	r.goals = append(r.goals, []string{g.figure, g.text(), g.with(value), verdict})
}

// without notes what could not be measured, unless it was before.
func (r *report) without(why error, goals ...goal) {
	reason, _, _ := strings.Cut(why.Error(), "\n")
	for _, g := range goals {
		if !r.has(g) {
			r.unmeasured = append(r.unmeasured, g.figure)
			r.goals = append(r.goals, []string{g.figure, g.text(), "–", "not measured: " + strings.ReplaceAll(reason, "|", "/")})
		}
	}
}

func (r *report) has(g goal) bool {
	for _, line := range r.goals {
		if line[0] == g.figure {
			return true
		}
	}
	return false
}

// note puts something beside the goals.
func (r *report) note(what, format string, v ...any) {
	r.beside = append(r.beside, []string{what, fmt.Sprintf(format, v...)})
}

// since has every line from one on say how busy others kept the machine.
func (r *report) since(line int, others string) {
	for k := line; k < len(r.goals); k++ {
		r.goals[k] = append(r.goals[k], others)
	}
}

func (r *report) print(w io.Writer) {
	fmt.Fprintln(w)
	printTable(w, append([][]string{{"figure", "goal", "measured", "verdict", "others"}}, r.goals...))
	fmt.Fprintln(w)
	printTable(w, append([][]string{{"beside", "measured"}}, r.beside...))
	fmt.Fprintf(w, "\n%d met, %d missed, %d not measured", r.met, len(r.missed), len(r.unmeasured))
	if len(r.missed) > 0 {
		fmt.Fprintf(w, ". Missed: %s", strings.Join(r.missed, "; "))
	}
	fmt.Fprintln(w, ".")
}

// printTable prints lines as a table of Markdown, the first of them its head.
func printTable(w io.Writer, lines [][]string) {
	var widths []int
	for _, line := range lines {
		for k, cell := range line {
			if k == len(widths) {
				widths = append(widths, 3)
			}
			widths[k] = max(widths[k], utf8.RuneCountInString(cell))
		}
	}
	for k, line := range lines {
		for c, width := range widths {
			cell := ""
			if c < len(line) {
				cell = line[c]
			}
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", width-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
		if k == 0 {
			for _, width := range widths {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}
