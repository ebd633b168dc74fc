package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/gateway"
)

// Whoever has the secret can make up rooms: beyond the cap they cost nothing, and are in no list. A million of them,
// each said once. Seen to break
// it: no cap (the ledger has them all, and the memory grows).
func TestThreat07AFloodOfUnknownAssets(t *testing.T) {
	const flood, each, most = 1_000_000, 500, 50 // MB
	if raceEnabled {
		t.Skip("the race detector takes memory of its own; .ci/run tests this without it")
	}
	s := newSite(t, "")
	s.start()
	ledger := filepath.Join(s.dir, "state", "ledger.csv")
	send := func(from, to int) {
		for ; from < to; from += each {
			if code, _ := s.post(strangers(from, each)); code != 204 {
				t.Fatalf("answered %d", code)
			}
		}
	}
	send(0, 10*each) // the cap is reached, and everything that is needed for it is there
	before, full := s.resident(), linesOf(t, ledger)
	send(10*each, flood)
	after := s.resident()
	if lines := linesOf(t, ledger); lines != full || lines > 4088+100 {
		t.Errorf("the ledger has %d lines, after %d", lines, full)
	}
	if after-before > most {
		t.Errorf("the memory has grown from %d MB to %d MB", before, after)
	}
	s.status = nil
	status, err := askStatus(t.Context(), filepath.Join(s.dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if status.Reasons[gateway.TooManyAssets.String()] < flood-10*each {
		t.Errorf("refused: %v", status.Reasons)
	}
	t.Attr("figure", fmt.Sprintf("%d made up rooms: memory %+d MB, %d lines of the ledger", flood, after-before, full))
	s.stop(os.Interrupt)
}

// strangers are events of rooms that nobody has.
func strangers(from, count int) string {
	now := time.Now()
	body := []byte("[")
	for n := range count {
		if n > 0 {
			body = append(body, ',')
		}
		e := gateway.Event{
			ID: building.KSUID("event_", now, 1, uint64(from+n)), Type: gateway.Occupancy, Subject: gateway.Room, At: gateway.TimestampOf(now), People: 1,
			Path: gateway.Path{
				Organisation: gateway.Place{ID: "org_1"}, Site: gateway.Place{ID: "site_1"}, Building: gateway.Place{ID: "building_1"},
				Floor: gateway.Place{ID: "space_1"}, Room: gateway.Place{ID: gateway.AssetID(building.KSUID("room_", now, 2, uint64(from+n)))},
			},
		}
		body = webhook.Encode(body, &e)
	}
	return string(append(body, ']'))
}

func linesOf(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(text, []byte("\n"))
}
