package celltext_test

import (
	"testing"

	"butlr-gateway/adapters/internal/celltext"
)

// Seen to break it: the full-width signs or the quote sign left out of formulaSigns.
func TestNothingIsAFormula(t *testing.T) {
	for given, want := range map[string]string{
		"": "", "Boardroom": "Boardroom", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\tx": "'\tx", "\rx": "'\rx",
		"＝1": "'＝1", "＠a": "'＠a", "'=1": "''=1", "a=1": "a=1",
	} {
		got := celltext.Harmless(given)
		if got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
		if back := celltext.Plain(got); back != given {
			t.Errorf("%q came back as %q", given, back)
		}
	}
}

// Seen to break it: unicode.IsControl for what is not visible.
func TestWhatCannotBeSeenIsShown(t *testing.T) {
	const hostile = "a\nb\x00\u202egnp"
	if got, want := celltext.OneLine(hostile), "a\\nb\\x00\u202egnp"; got != want {
		t.Errorf("one line %q, want %q", got, want)
	}
	if got, want := celltext.Visible(hostile), `a\nb\x00\u202egnp`; got != want {
		t.Errorf("visible %q, want %q", got, want)
	}
	if got := celltext.Visible("Büro 3 – „Maas“"); got != "Büro 3 – „Maas“" {
		t.Errorf("visible %q", got)
	}
}
