package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestEveryProblemHasItsLine writes files in every way that TOML allows and expects each unknown key to
// be blamed on its own line.
func TestEveryProblemHasItsLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &writer{want: map[string]int{}, line: 1, end: rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line end")}
		// A dotted key belongs to the section above it, so that these come before the first.
		for i := range rapid.IntRange(0, 4).Draw(t, "dotted keys") {
			w.padding(t)
			w.dotted(t, fmt.Sprintf("room_d%d", i))
		}
		for i := range rapid.IntRange(0, 6).Draw(t, "sections") {
			w.padding(t)
			w.section(t, fmt.Sprintf("room_s%d", i))
		}
		text := w.text.String()
		if rapid.Bool().Draw(t, "no line end at the end") {
			text = strings.TrimRight(text, "\r\n")
		}
		if rapid.Bool().Draw(t, "byte order mark") {
			text = "\ufeff" + text
		}

		got := map[string]int{}
		for _, p := range problemsOf(text) {
			if p.Message == "is not known to this version" {
				got[p.Key] = p.Line
			} else if p.Key != "webhook.listen" {
				t.Fatalf("the test wrote a wrong file: %v\n%s", p, text)
			}
		}
		if diff := cmp.Diff(w.want, got); diff != "" {
			t.Fatalf("-want +got:\n%s\n%s", diff, text)
		}
	})
}

func TestAByteOrderMarkMovesNoLine(t *testing.T) {
	if got := problemsOf("\ufeff\na=1\nb=2"); len(got) != 3 || got[0].Line != 2 || got[1].Line != 3 {
		t.Errorf("got\n%v", got)
	}
}

// writer writes a file and remembers in which line each unknown key stands.
type writer struct {
	text strings.Builder
	line int
	end  string
	want map[string]int
}

// lines writes lines of text.
func (w *writer) lines(lines ...string) {
	for _, line := range lines {
		w.text.WriteString(line + w.end)
		w.line++
	}
}

// key writes an unknown key of an asset.
func (w *writer) key(t *rapid.T, id, prefix string) {
	name := fmt.Sprintf("bad_%d", w.line)
	w.want["assets."+id+"."+name] = w.line
	written := rapid.SampledFrom([]string{name, `"` + name + `"`, `'` + name + `'`}).Draw(t, "key")
	space := rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "space")
	values := [][]string{
		{"1"},
		{`"text # = [x]"`},
		{`'it = 1' # remark`},
		{"[", "  1, # ]", "  2,", "]"},
		{`"""`, "bad = 1", `[assets.room_x]"""`},
		{`'''one`, `two'''`},
		{"{ a = 1, b = { c = [2] } }"},
	}
	value := values[rapid.IntRange(0, len(values)-1).Draw(t, "value")]
	w.lines(append([]string{space + prefix + written + space + "=" + space + value[0]}, value[1:]...)...)
}

func (w *writer) dotted(t *rapid.T, id string) {
	if rapid.Bool().Draw(t, "inline table") {
		w.want["assets."+id+".a"], w.want["assets."+id+".b"] = w.line, w.line
		w.lines(`"assets" . ` + id + ` = { a = 1, "b" = [ 2 ], name = 'x' }`)
		return
	}
	w.key(t, id, rapid.SampledFrom([]string{"assets.", `"assets" . `, `'assets'.`}).Draw(t, "section")+id+".")
}

func (w *writer) section(t *rapid.T, id string) {
	header := rapid.SampledFrom([]string{"[assets.%s]", `  [ "assets" . '%s' ] # remark`, "[assets.\"%s\"]"}).Draw(t, "header")
	w.lines(fmt.Sprintf(header, id))
	for range rapid.IntRange(0, 3).Draw(t, "keys") {
		w.padding(t)
		w.key(t, id, "")
	}
}

func (w *writer) padding(t *rapid.T) {
	for range rapid.IntRange(0, 3).Draw(t, "padding") {
		w.lines(rapid.SampledFrom([]string{"", "   ", "# bad = 1", "\t#[assets.room_x]", "# \"\"\""}).Draw(t, "line"))
	}
}
