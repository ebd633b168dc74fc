package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// The list that the page exports is that of the command, byte for byte, and it is taken back; a list of another gateway
// is refused as by the command, which is where it can be allowed; so is a file that is broken, or too large.
//
// Seen to break it: another gateway's list taken; columns forgotten.
func TestThePageExportsAndImportsAsTheCommandsDo(t *testing.T) {
	site := newSite(t, "")
	s := live(t, site.config)
	s.takes("ROOM_OCCUPANCY", time.Now())
	points := s.sources().Points
	exported := func(format string, columns bool) []byte {
		var b bytes.Buffer
		if err := points.Export(t.Context(), &b, format, columns); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, format := range []string{"csv", "json"} {
		for _, columns := range []bool{false, true} {
			args := []string{"points", "export", "--format", format, fmt.Sprintf("--columns=%v", columns)}
			code, want, complaints := typed(t.Context(), site.config, args...)
			if got := exported(format, columns); code != 0 || string(got) != want {
				t.Errorf("%q: the page's list is another one: %d bytes, not %d; %s", args, len(got), len(want), complaints)
			}
		}
	}
	for _, format := range []string{"csv", "json", "xlsx"} {
		list := exported(format, false)
		p, err := points.Propose(t.Context(), list)
		if err != nil || len(p.Changes)+len(p.Conflicts)+p.Moves != 0 || p.Gateway != s.store.Identity().GatewayID {
			t.Errorf("%s: got %+v, %v; want nothing changed", format, p, err)
		}
	}
	refused := func(what string, file []byte, want string) {
		t.Helper()
		_, proposed := points.Propose(t.Context(), file)
		_, imported := points.Import(t.Context(), file, true, "Noor")
		for _, err := range []error{proposed, imported} {
			if _, bad := err.(web.BadOrder); !bad || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", what, err, want)
			}
		}
	}
	list := exported("csv", false)
	refused("a torn list", list[:len(list)/2], "the list")
	refused("a zip that is none", []byte("PK\x03\x04rubbish"), "the list: it is no workbook")
	refused("too much", make([]byte, largestUpload+1), "more than 16 MiB: import it with \"butlr-gateway points import FILE\"")
	if err := points.Export(t.Context(), new(bytes.Buffer), "pdf", false); err == nil {
		t.Error("a format that there is not")
	}
	other := live(t, newSite(t, "").config)
	other.takes("TRAFFIC", time.Now()) // so that other numbers are those of other assets
	var foreign bytes.Buffer
	if err := other.sources().Points.Export(t.Context(), &foreign, "csv", false); err != nil {
		t.Fatal(err)
	}
	refused("another gateway's", foreign.Bytes(), fmt.Sprintf("was exported by the gateway %s, and this is %s, which has assets of its own; if this one takes the place of that one, use \"butlr-gateway points import FILE --adopt\"",
		other.store.Identity().GatewayID, s.store.Identity().GatewayID))
}

// What a list moves is proposed first, and done by the desk, which notes who did it.
//
// Seen to break it: a proposal that is carried out; the author left out.
func TestAListIsProposedBeforeItIsImported(t *testing.T) {
	site := newSite(t, "")
	s := live(t, site.config)
	s.takes("ROOM_OCCUPANCY", time.Now())
	points, room := s.sources().Points, s.asset(boardroomID)
	var before bytes.Buffer
	if err := points.Export(t.Context(), &before, "csv", false); err != nil {
		t.Fatal(err)
	}
	moved := room.Number + 3
	if _, err := s.desk().Rearrange(t.Context(), web.LedgerOrder{Pins: map[gateway.AssetID]gateway.Number{room.ID: moved}, AllowMoves: true}); err != nil {
		t.Fatal(err)
	}
	p, err := points.Propose(t.Context(), before.Bytes())
	if err != nil || p.Nothing || len(p.Changes) != 1 || p.Changes[0].To != room.Number || *p.Changes[0].From != moved {
		t.Fatalf("proposed %+v, %v", p, err)
	}
	if got := s.asset(room.ID).Number; got != moved {
		t.Errorf("a proposal moved it to %d", got)
	}
	if _, err = points.Import(t.Context(), before.Bytes(), p.Moves > 0, "Noor"); err != nil {
		t.Fatal(err)
	}
	if got := s.asset(room.ID).Number; got != room.Number {
		t.Errorf("imported, it has number %d, want %d", got, room.Number)
	}
	if e := s.logbook.Entries(); len(e) != 2 || e[0].Author != "Noor" || e[0].What != "rearranged" {
		t.Errorf("noted %+v", e)
	}
}
