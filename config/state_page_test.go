package config_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// The page that stands alone, and the one with every rule.
const (
	statePage      = "../docs/state.md"
	stateReference = "../docs/state-reference.md"
)

func pageText(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// TestTheStatePageIsOnePage holds it to what an engineer reads at a stretch, and its first table to the
// defaults.
func TestTheStatePageIsOnePage(t *testing.T) {
	text := pageText(t, statePage)
	if n := strings.Count(text, "\n"); n > 80 {
		t.Errorf("the page has %d lines; move what is not for everybody to %s", n, stateReference)
	}
	usual := gateway.DefaultSettings()
	tables := tablesOf(text, "output")
	if len(tables) != 1 || len(tables[0]) != 1+int(gateway.OutputCount) {
		t.Fatalf("the page has %d tables of outputs", len(tables))
	}
	for o := range gateway.Output(gateway.OutputCount) {
		row := tables[0][1+int(o)]
		want := []string{
			"`" + o.String() + "`", row[1], "at once", fmt.Sprintf("%.0f min", usual.OffDelay[o].Minutes()), "`" + o.String() + "_off_delay`",
			"1", "`" + o.String() + "_on_loss`",
		}
		if usual.OnDelay[o] != 0 || usual.OnLoss[o] != gateway.PolicyOccupied || !slices.Equal(row, want) {
			t.Errorf("the page says %v, want %v", row, want)
		}
	}
	if usual.StaleAfter != 5*time.Minute || usual.DeadAfter != 15*time.Minute || usual.ChangeUncertainAfter != 12*time.Hour {
		t.Error("the page tells of other silences")
	}
}

// TestTheStatePageNamesEveryKnob demands each key of [state] on the page with its default, as the
// reference has it and as the code does.
func TestTheStatePageNamesEveryKnob(t *testing.T) {
	said := knobsOf(pageText(t, stateReference))
	file := "[webhook]\nlisten = \"127.0.0.1:8443\"\n[state]\n"
	for _, k := range stateKeys() {
		values := said[k.Name]
		delete(said, k.Name)
		if len(values) == 0 {
			t.Errorf("%s is not on the page with its default", k.Name)
		}
		for _, value := range values {
			if want := strings.Trim(k.Default, `"`); value != want {
				t.Errorf("%s is %s by default, and the page says %s", k.Name, want, value)
			}
		}
		file += k.Name + " = " + k.Default + "\n"
	}
	for key := range said {
		t.Errorf("%s is no key of [state]", key)
	}
	got, want := parse(t, file).Rules(), gateway.DefaultRules()
	if got.State != want.State || got.Horizon != want.Horizon || got.MaxIDs != want.MaxIDs || got.MaxFuture != want.MaxFuture {
		t.Errorf("the code has other defaults than the page: %+v, and not %+v", want, got)
	}
}

// knobsOf returns the defaults that a text names, by key: in tables of knobs, and of keys of [state] in
// sentences as `key` (`default`).
func knobsOf(text string) map[string][]string {
	said := map[string][]string{}
	for _, table := range tablesOf(text, "knob") {
		for _, cells := range table[1:] {
			knob := unquoted(cells[0])
			for i, heading := range table[0][1:] {
				prefix, perOutput := strings.CutSuffix(unquoted(heading), "…")
				switch {
				case perOutput:
					key := prefix + strings.TrimPrefix(knob, "…_")
					said[key] = append(said[key], unquoted(cells[i+1]))
				case heading == "default":
					said[knob] = append(said[knob], unquoted(cells[i+1]))
				}
			}
		}
	}
	isKey := func(name string) bool {
		return slices.ContainsFunc(stateKeys(), func(k config.Key) bool { return k.Name == name })
	}
	for _, m := range regexp.MustCompile("`([a-z_]+)` \\(`([^`]+)`\\)").FindAllStringSubmatch(text, -1) {
		if isKey(m[1]) {
			said[m[1]] = append(said[m[1]], m[2])
		}
	}
	return said
}

// TestTheStatePageTellsTheCodes compares the codes of qualities and reasons, and a sentence of each.
func TestTheStatePageTellsTheCodes(t *testing.T) {
	text := pageText(t, stateReference)
	var qualities, reasons [][]string
	for _, table := range tablesOf(text, "code") {
		if table[0][1] == "quality" {
			qualities = table[1:]
		} else {
			reasons = table[1:]
		}
	}
	if len(qualities) != int(gateway.QualityCount) {
		t.Errorf("the page has %d qualities of %d", len(qualities), gateway.QualityCount)
	}
	for code, cells := range qualities {
		if cells[0] != strconv.Itoa(code) || unquoted(cells[1]) != gateway.Quality(code).String() {
			t.Errorf("quality %d is %s, and the page says %v", code, gateway.Quality(code), cells[:2])
		}
	}
	for code := range gateway.ReasonCode(max(len(reasons), len(sampleReasons))) {
		want := ""
		if int(code) < len(sampleReasons) {
			r := sampleReasons[code]
			r.Code = code
			want = r.Text(time.UTC)
		}
		if int(code) >= len(reasons) || reasons[code][0] != fmt.Sprint(code) || reasons[code][1] != want {
			t.Errorf("reason %d says %q, and not what the page says", code, want)
		}
	}
	next := gateway.ReasonCode(len(sampleReasons))
	if text := (gateway.Reason{Code: next}).Text(time.UTC); text != fmt.Sprintf("reason %d", next) {
		t.Errorf("reason %d is not on the page: %s", next, text)
	}
}

func sensedAt(clock string) gateway.Timestamp {
	at, err := time.Parse(time.DateTime, "2026-03-10 "+clock)
	if err != nil {
		panic(err)
	}
	return gateway.TimestampOf(at)
}

// sampleReasons are one of each, by code.
var sampleReasons = func() []gateway.Reason {
	sensed, moved := sensedAt("10:04:00"), sensedAt("10:02:11")
	silent := gateway.Reason{Since: sensed}
	lost := gateway.Reason{Since: sensed, Lost: gateway.SilentPeople}
	return []gateway.Reason{
		{},
		{People: 3, At: sensed},
		{Motion: moved, Moving: true},
		{People: 3, At: sensed, Motion: moved, Moving: true},
		{People: 3, At: sensed, Until: sensedAt("10:06:00")},
		{At: sensed, Motion: moved, Until: sensedAt("10:19:00")},
		{At: sensed, Motion: moved},
		{By: &gateway.Override{Source: gateway.FromOperator, Reason: "fire drill", Since: sensed, Until: sensedAt("12:00:00")}},
		silent, lost, lost, lost,
		{Motion: sensedAt("06:02:11"), Since: moved},
		{Few: 2, Of: 14},
		{People: 3, At: sensed},
		{Since: sensed, Until: sensedAt("10:25:00")},
		silent,
		{},
	}
}()

// TestTheStatePagePlays compares the diagrams with what the state does.
func TestTheStatePagePlays(t *testing.T) {
	for page, panels := range panels {
		text := pageText(t, page)
		for i := range panels {
			begin := "<!-- played: " + panels[i].name + " -->\n"
			before, after, found := strings.Cut(text, begin)
			_, after, ended := strings.Cut(after, "<!-- end -->")
			if !found || !ended {
				t.Fatalf("%s has no place for %q", page, panels[i].name)
			}
			text = before + begin + "```\n" + panels[i].draw(t) + "```\n<!-- end -->" + after
		}
		compareGolden(t, page, text)
	}
}

// TestTheStatePageIsLinked looks for a way to the page from where people begin.
func TestTheStatePageIsLinked(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var reference strings.Builder
	if err := config.WriteReference(&reference); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(pageText(t, statePage), "](state-reference.md)") || !strings.Contains(string(readme), "](docs/state.md)") || !strings.Contains(reference.String(), "](state.md)") {
		t.Error("the README or the reference has no link to it")
	}
}

// tablesOf returns the tables whose first heading is that, as rows of cells, without the line below the
// headings.
func tablesOf(text, first string) (tables [][][]string) {
	var table [][]string
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if len(table) > 1 && table[0][0] == first {
				tables = append(tables, table)
			}
			table = nil
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] != "---" {
			table = append(table, cells)
		}
	}
	return tables
}

func unquoted(cell string) string { return strings.Trim(cell, "`") }
