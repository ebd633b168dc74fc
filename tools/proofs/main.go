// Command proofs runs the tests that docs/threats.md names, and prints each row with its verdict and the figures that
// its tests tell.
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
			r.proofs[strings.Trim(pkg, "`")] = strings.Split(names, ", ")
		}
		last := &tables[len(tables)-1]
		last.rows = append(last.rows, r)
	}
	if len(tables) == 0 {
		return nil, errors.New("there is no table of proofs")
	}
	return tables, nil
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
}

// try runs tests of a package. That some fail is in the results.
func try(root, pkg string, tests []string) (map[string]result, error) {
	dir, of := root, "./"+pkg
	if below, ok := strings.CutPrefix(pkg, "tools/"); ok { // a module of its own
		dir, of = filepath.Join(root, "tools"), "./"+below
	}
	c := exec.Command("go", "test", "-json", "-count=1", "-timeout", "60m", "-run", "^("+strings.Join(tests, "|")+")$", of)
	c.Dir, c.Stderr = dir, os.Stderr
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
		r := results[told.Test]
		switch told.Action {
		case "pass", "fail", "skip":
			r.verdict = told.Action
		case "attr":
			if told.Key == "figure" {
				r.figures = append(r.figures, told.Value)
			}
		case "output":
			fmt.Fprint(os.Stderr, onlyOfFailures(told.Output))
		}
		results[told.Test] = r
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

// report prints the tables. Rows that are not shown are an error.
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
			fmt.Fprintf(lines, "  %s\t%s\t%s\t%s\n", r.number, r.what, verdict, strings.Join(figures, "; "))
		}
		if err := lines.Flush(); err != nil {
			return err
		}
	}
	if missing > 0 {
		return fmt.Errorf("%d rows are not shown", missing)
	}
	return nil
}

// shown is the verdict of a row of which every test passed.
const shown = "shown"

func judge(r row, results map[string]map[string]result) (verdict string, figures []string) {
	count := 0
	var not []string
	for _, pkg := range slices.Sorted(maps.Keys(r.proofs)) {
		for _, test := range r.proofs[pkg] {
			got := results[pkg][test]
			figures = append(figures, got.figures...)
			count++
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
	return shown, append([]string{fmt.Sprintf("%d tests", count)}, figures...)
}
