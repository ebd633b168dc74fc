package modbus

import (
	"strings"
	"testing"

	"butlr-gateway/gateway"

	"pgregory.net/rapid"
)

func TestNamesInSixteenCharacters(t *testing.T) {
	const id = "room_3jsO3M1KzCEuPDimYj0iZrqyaiW"
	for _, row := range []struct {
		what, custom, name string
		id                 gateway.AssetID
		want               string
	}{
		{"the custom id goes first", "MH-3.14", "Boardroom", id, "MH-3.14"},
		{"then the name", "", "Boardroom", id, "Boardroom"},
		{"then the end of the id", "", "", id, id[len(id)-16:]},
		{"a short id is whole", "", "", "group:ahu-3", "group:ahu-3"},
		{"sixteen characters fit", "MH-3.14-NORTH-01", "", id, "MH-3.14-NORTH-01"},
		{"what is longer is cut", "MH-3.14-NORTH-012", "", id, "MH-3.14-NORTH-01"},
		{"marks are left out", "", "Café Zürich Łódź", id, "Cafe Zurich Lodz"},
		{"two letters for one", "", "Großer Ærø", id, "Grosser AEro"},
		{"of two letters that do not both fit, the first", "", "fünfzehn Großß!", id, "funfzehn Grossss"},
		{"dashes and quotes", "", "Noah’s – “Ark”…", id, `Noah's - "Ark"..`},
		{"what nobody would know", "", "会議室 3", id, "??? 3"},
		{"a name without a letter or digit says nothing", "", "会議室", id, id[len(id)-16:]},
		{"nor does such a custom id", "会議室", "Boardroom", id, "Boardroom"},
		{"nor do signs", "--", "Boardroom", id, "Boardroom"},
		{"what a terminal obeys", "", "a\x1b[2Jb\x00c\u202ed", id, "a?[2Jb?c?d"},
		{"broken text", "a\xff\xfeb", "", id, "a??b"},
	} {
		got := shortName(&gateway.Asset{ID: row.id, CustomID: row.custom, Name: row.name})
		if text := strings.TrimRight(string(got[:]), "\x00"); text != row.want {
			t.Errorf("%s: got %q, want %q", row.what, text, row.want)
		}
	}
}

// Whatever somebody calls a room, the registers have printable ASCII, then zeros, and never nothing.
func TestNamesAreASCII(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got := shortName(&gateway.Asset{ID: "room_1", CustomID: rapid.String().Draw(t, "custom id"), Name: rapid.String().Draw(t, "name")})
		text := strings.TrimRight(string(got[:]), "\x00")
		if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("got %q", got)
		}
	})
}
