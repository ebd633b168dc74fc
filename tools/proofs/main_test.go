package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// documented are the tables of the document.
func documented(t *testing.T) []table {
	t.Helper()
	text, err := os.ReadFile("../../docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// TestEveryProofIsThere. Seen to break it: a test that was renamed, and a row that was left out.
func TestEveryProofIsThere(t *testing.T) {
	tables := documented(t)
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

var numberedPattern = regexp.MustCompile(`(?m)^func (Test(?:Threat|Fault)[0-9][0-9]\w*)\(`)

// TestEveryRowHasATestOfItsNumber, and every test with a number has its row. Seen to break it: a row without one, a test
// of a number that no row names, and one that another row names.
func TestEveryRowHasATestOfItsNumber(t *testing.T) {
	tables := documented(t)
	named := map[string]bool{}
	for _, table := range tables {
		for _, r := range table.rows {
			tests := table.principals(r)
			if len(tests) == 0 {
				t.Errorf("%s: row %s names no %s…", table.name, r.number, table.principal(r))
			}
			for _, test := range tests {
				named[test] = true
			}
		}
	}
	for _, f := range inTheTree(t, numberedPattern) {
		if !named[f.name] {
			t.Errorf("%s of %s is not in the row of its number", f.name, f.file)
		}
	}
}

// function is one of a test.
type function struct{ name, file string }

// inTheTree finds functions of tests.
func inTheTree(t *testing.T, pattern *regexp.Regexp) (found []function) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range pattern.FindAllSubmatch(text, -1) {
			found = append(found, function{string(match[1]), path})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no test is like %s", pattern)
	}
	return found
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
// passed, and of a package that a row names twice only the later tests.
func TestAVerdictIsOfEveryTest(t *testing.T) {
	told := `{"Action":"run","Test":"TestA"}
{"Action":"attr","Test":"TestA/first","Key":"figure","Value":"0 lost"}
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
		{"TestA", "shown 0 lost"},
		{"TestA, TestB", "NOT SHOWN: TestB was skipped 0 lost"},
		{"TestC", "NOT SHOWN: TestC FAILED "},
		{"TestD", "NOT SHOWN: TestD did not run "},
		{"TestC · `p`: TestA", "NOT SHOWN: TestC FAILED 0 lost"},
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

// TestEveryLostEventIsTold. Seen to break it: what is lost in one test only, the largest count instead of their sum, and
// lost events, or nobody having counted, that are no error.
func TestEveryLostEventIsTold(t *testing.T) {
	tables, err := read("## Faults\n| # | fault | what holds | proof |\n|---|---|---|---|\n| 1 | killed | nothing | `p`: TestFault01A, TestB |\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ a, b, line, err string }{
		{`{"Action":"attr","Test":"TestFault01A","Key":"acknowledged","Value":"7"}`, `{"Action":"attr","Test":"TestB","Key":"acknowledged","Value":"5"}`, "0 of 12", ""},
		{`{"Action":"attr","Test":"TestFault01A","Key":"acknowledged","Value":"7"}`, `{"Action":"attr","Test":"TestB","Key":"lost","Value":"2"}`, "2 of 7", "2 of 7 acknowledged events were lost"},
		{"", "", "0 of 0", "0 of 0 acknowledged events were lost"},
	} {
		results, err := listen(strings.NewReader(c.a + "\n" + c.b + "\n{\"Action\":\"pass\",\"Test\":\"TestFault01A\"}\n{\"Action\":\"pass\",\"Test\":\"TestB\"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		told := ""
		if err := report(&out, tables, map[string]map[string]result{"p": results}); err != nil {
			told = err.Error()
		}
		if want := "Faults\n  1  killed  TestFault01A + 1    shown\nacknowledged events lost in all: " + c.line + "\n"; out.String() != want || told != c.err {
			t.Errorf("%q, want %q; %s", out.String(), want, told)
		}
	}
	if _, err := listen(strings.NewReader(`{"Action":"attr","Test":"TestA","Key":"lost","Value":"few"}`)); err == nil {
		t.Error("what is no number is taken for one")
	}
}

var fuzzPattern = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// TestEveryFuzzTargetHasACorpus beside it: what was found once is tried in every run. Seen to break it: the corpus of a
// target in the folder of another package.
func TestEveryFuzzTargetHasACorpus(t *testing.T) {
	for _, f := range inTheTree(t, fuzzPattern) {
		files, err := filepath.Glob(filepath.Join(filepath.Dir(f.file), "testdata", "fuzz", f.name, "*"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s of %s has no corpus: %v", f.name, f.file, err)
		}
	}
}
