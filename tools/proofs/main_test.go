package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryProofIsThere. Seen to break it: a test that was renamed, and a row that was left out.
func TestEveryProofIsThere(t *testing.T) {
	text, err := os.ReadFile("../../docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, rows := range []int{17, 10} {
		if got := len(tables[i].rows); got != rows {
			t.Errorf("%s: %d rows, want %d", tables[i].name, got, rows)
		}
		for n, r := range tables[i].rows {
			if r.number != strconv.Itoa(n+1) {
				t.Errorf("%s: row %d is number %s", tables[i].name, n+1, r.number)
			}
		}
	}
	for pkg, tests := range byPackage(tables) {
		there := testsOf(t, filepath.Join("../..", pkg))
		for _, test := range tests {
			if !there[test] {
				t.Errorf("%s has no %s", pkg, test)
			}
		}
	}
}

var testPattern = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)

func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range testPattern.FindAllSubmatch(text, -1) {
			there[string(found[1])] = true
		}
	}
	return there
}

// TestAVerdictIsOfEveryTest. Seen to break it: a test that was skipped, or that does not exist, taken for one that
// passed.
func TestAVerdictIsOfEveryTest(t *testing.T) {
	told := `{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA","Key":"figure","Value":"0 lost"}
{"Action":"pass","Test":"TestA"}
not of the test
{"Action":"skip","Test":"TestB"}
{"Action":"fail","Test":"TestC"}
{"Action":"pass"}
`
	results, err := listen(strings.NewReader(told))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ tests, want string }{
		{"TestA", "shown 1 tests; 0 lost"},
		{"TestA, TestB", "NOT SHOWN: TestB was skipped 0 lost"},
		{"TestC", "NOT SHOWN: TestC FAILED "},
		{"TestD", "NOT SHOWN: TestD did not run "},
	} {
		tables, err := read("## Threats\n| # | threat | defence | proof |\n|---|---|---|---|\n| 1 | a | b | `p`: " + c.tests + " |\n")
		if err != nil {
			t.Fatal(err)
		}
		verdict, figures := judge(tables[0].rows[0], map[string]map[string]result{"p": results})
		if got := verdict + " " + strings.Join(figures, "; "); got != c.want {
			t.Errorf("%s: %q, want %q", c.tests, got, c.want)
		}
	}
}
