// Command proofs runs the tests that docs/threats.md names, and prints each row with its test, the figures that its tests
// tell, and its verdict; then how many events were acknowledged in all, and how many of them were lost.
//
// A test tells a figure by t.Attr("figure", text), and what it counted by t.Attr("acknowledged", number) and
// t.Attr("lost", number).
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	root := flag.String("root", "..", "the sources")
	flag.Parse()
	if err := run(*root, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "proofs:", err)
		os.Exit(1)
	}
}

func run(root string, w io.Writer) error {
	text, err := os.ReadFile(filepath.Join(root, "docs", "threats.md"))
	if err != nil {
		return err
	}
	tables, err := read(string(text))
	if err != nil {
		return err
	}
	results := map[string]map[string]result{}
	for pkg, tests := range byPackage(tables) {
		if results[pkg], err = try(root, pkg, tests); err != nil {
			return err
		}
	}
	return report(w, tables, results)
}

// table is one of the document.
type table struct {
	name string
	rows []row
}

// row is what is to be met, and the tests of it by package.
type row struct {
	number, what string
	proofs       map[string][]string
}

// read finds the tables that have a column of proofs.
func read(text string) (tables []table, err error) {
	heading := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## "); ok {
			heading = name
		}
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case cells[1] == "#":
			tables = append(tables, table{name: heading})
			continue
		case strings.HasPrefix(cells[1], "--"):
			continue
		case len(tables) == 0:
			return nil, fmt.Errorf("row %q is in no table", cells[1])
		}
		r := row{cells[1], cells[2], map[string][]string{}}
		for part := range strings.SplitSeq(cells[4], " · ") {
			pkg, names, ok := strings.Cut(part, ": ")
			if !ok {
				return nil, fmt.Errorf("row %s: %q names no package and its tests", r.number, part)
			}
			pkg = strings.Trim(pkg, "`")
			r.proofs[pkg] = append(r.proofs[pkg], strings.Split(names, ", ")...)
		}
		last := &tables[len(tables)-1]
		last.rows = append(last.rows, r)
	}
	if len(tables) == 0 {
		return nil, errors.New("there is no table of proofs")
	}
	return tables, nil
}

// principal is the beginning of the name of the test that has the number of a row: TestThreat05 is that of row 5 of
// "Threats".
func (t table) principal(r row) string {
	n, err := strconv.Atoi(r.number)
	if err != nil {
		n = 0 // which no row has
	}
	return fmt.Sprintf("Test%s%02d", strings.TrimSuffix(t.name, "s"), n)
}

// principals lists the tests of a row that have its number.
func (t table) principals(r row) (out []string) {
	for _, pkg := range slices.Sorted(maps.Keys(r.proofs)) {
		for _, test := range r.proofs[pkg] {
			if strings.HasPrefix(test, t.principal(r)) {
				out = append(out, test)
			}
		}
	}
	return out
}

// byPackage lists the tests of each package, each once.
func byPackage(tables []table) map[string][]string {
	all := map[string]map[string]bool{}
	for _, t := range tables {
		for _, r := range t.rows {
			for pkg, tests := range r.proofs {
				if all[pkg] == nil {
					all[pkg] = map[string]bool{}
				}
				for _, test := range tests {
					all[pkg][test] = true
				}
			}
		}
	}
	out := map[string][]string{}
	for pkg, tests := range all {
		out[pkg] = slices.Sorted(maps.Keys(tests))
	}
	return out
}

// result is what became of a test.
type result struct {
	verdict string // pass, fail or skip; "" is a test that did not run
	figures []string
	counts  []count
}

// count is what a test counted.
type count struct {
	of string // "acknowledged" or "lost"
	n  int    // events
}

// try runs tests of a package. That some fail is in the results.
func try(root, pkg string, tests []string) (map[string]result, error) {
	dir, of := root, "./"+pkg
	if below, ok := strings.CutPrefix(pkg, "tools/"); ok { // a module of its own
		dir, of = filepath.Join(root, "tools"), "./"+below
	}
	c := exec.Command("go", "test", "-json", "-count=1", "-timeout", "60m", "-run", "^("+strings.Join(tests, "|")+")$", of)
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), "CI=true") // what takes minutes runs too, and a tool that is missing is said
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "%s: %d tests\n", pkg, len(tests))
	if err := c.Start(); err != nil {
		return nil, err
	}
	results, err := listen(out)
	if err != nil {
		return nil, fmt.Errorf("testing %s: %w", pkg, err)
	}
	if err := c.Wait(); err != nil {
		if _, failed := errors.AsType[*exec.ExitError](err); !failed || len(results) == 0 {
			return nil, fmt.Errorf("testing %s: %w", pkg, err)
		}
	}
	return results, nil
}

// listen reads what "go test -json" tells.
func listen(out io.Reader) (map[string]result, error) {
	results := map[string]result{}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var told struct{ Action, Test, Key, Value, Output string }
		if err := json.Unmarshal(lines.Bytes(), &told); err != nil {
			continue // what a program printed that the test runs
		}
		if told.Test == "" {
			continue
		}
		test := told.Test
		if told.Action == "attr" { // of a part of a test too
			test, _, _ = strings.Cut(test, "/")
		}
		r := results[test]
		switch told.Action {
		case "pass", "fail", "skip":
			r.verdict = told.Action
		case "attr":
			switch told.Key {
			case "figure":
				r.figures = append(r.figures, told.Value)
			case "acknowledged", "lost":
				n, err := strconv.Atoi(told.Value)
				if err != nil {
					return nil, fmt.Errorf("%s: %s is no number: %q", told.Test, told.Key, told.Value)
				}
				r.counts = append(r.counts, count{told.Key, n})
			}
		case "output":
			fmt.Fprint(os.Stderr, onlyOfFailures(told.Output))
		}
		results[test] = r
	}
	return results, lines.Err()
}

// onlyOfFailures keeps the lines that say what failed and where.
func onlyOfFailures(line string) string {
	if strings.Contains(line, "--- FAIL") || strings.Contains(line, "_test.go:") {
		return line
	}
	return ""
}

// report prints the tables. Rows that are not shown are an error, and so are events that were lost, or that nobody
// counted.
func report(w io.Writer, tables []table, results map[string]map[string]result) error {
	missing := 0
	for _, t := range tables {
		fmt.Fprintf(w, "%s\n", t.name)
		lines := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range t.rows {
			verdict, figures := judge(r, results)
			if verdict != shown {
				missing++
			}
			fmt.Fprintf(lines, "  %s\t%s\t%s\t%s\t%s\n", r.number, r.what, tests(t, r), strings.Join(figures, "; "), verdict)
		}
		if err := lines.Flush(); err != nil {
			return err
		}
	}
	acknowledged, lost := sum(results, "acknowledged"), sum(results, "lost")
	fmt.Fprintf(w, "acknowledged events lost in all: %d of %d\n", lost, acknowledged)
	switch {
	case missing > 0:
		return fmt.Errorf("%d rows are not shown", missing)
	case lost != 0 || acknowledged == 0:
		return fmt.Errorf("%d of %d acknowledged events were lost", lost, acknowledged)
	}
	return nil
}

// tests names the test of a row that has its number, and tells how many there are beside.
func tests(t table, r row) string {
	all := 0
	for _, tests := range r.proofs {
		all += len(tests)
	}
	named := t.principals(r)
	text := strings.Join(named, ", ")
	if beside := all - len(named); beside > 0 {
		text += fmt.Sprintf(" + %d", beside)
	}
	return text
}

func sum(results map[string]map[string]result, of string) (n int) {
	for _, tests := range results {
		for _, r := range tests {
			for _, c := range r.counts {
				if c.of == of {
					n += c.n
				}
			}
		}
	}
	return n
}

// shown is the verdict of a row of which every test passed.
const shown = "shown"

func judge(r row, results map[string]map[string]result) (verdict string, figures []string) {
	var not []string
	for _, pkg := range slices.Sorted(maps.Keys(r.proofs)) {
		for _, test := range r.proofs[pkg] {
			got := results[pkg][test]
			figures = append(figures, got.figures...)
			switch got.verdict {
			case "pass":
			case "fail":
				not = append(not, test+" FAILED")
			case "skip":
				not = append(not, test+" was skipped")
			default:
				not = append(not, test+" did not run")
			}
		}
	}
	if len(not) > 0 {
		return "NOT SHOWN: " + strings.Join(not, ", "), figures
	}
	return shown, figures
}
