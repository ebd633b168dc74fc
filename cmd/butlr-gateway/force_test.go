package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// command runs a command on a site, which must work, and returns what it prints.
func (s *site) command(args ...string) string {
	s.t.Helper()
	code, out, complaints := typed(s.t.Context(), s.config, args...)
	if code != 0 {
		s.t.Fatalf("%v: exit code %d: %s", args, code, complaints)
	}
	return out
}

const (
	boardroomID = "room_3jsO3M1KzCEuPDimYj0iZrqyaiW"
	forcedBit   = 1 << 3
)

// expectForced looks at the boardroom, in which six people are counted.
func (s *site) expectForced(what string, occupied uint16) {
	s.t.Helper()
	b := s.block(boardroom)
	if b[0] != occupied || b[1] != 6 || b[2]&forcedBit == 0 || b[3] != uint16(gateway.Forced) || b[14] != uint16(gateway.ReasonForced) {
		s.t.Errorf("%s: occupied %d, people %d, status %016b, quality %d, reason %d; want forced %d", what, b[0], b[1], b[2], b[3], b[14], occupied)
	}
	if b[15] != 0 {
		s.t.Errorf("%s: the command register reads %d, but no controller forced anything", what, b[15])
	}
}

func (s *site) expectFree(what string) {
	s.t.Helper()
	b := s.block(boardroom)
	if b[0] != 1 || b[2]&forcedBit != 0 || b[3] != uint16(gateway.Good) {
		s.t.Errorf("%s: occupied %d, status %016b, quality %d; want occupied by six people", what, b[0], b[2], b[3])
	}
}

func TestAnOperatorForcesARoom(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	s.expectFree("before")

	said := s.command("force", boardroomID, "vacant", "--for", "2h", "--reason", "fire drill")
	if !regexp.MustCompile(`^` + boardroomID + `: forced vacant until .* by .* \(operator\): fire drill\n$`).MatchString(said) {
		t.Errorf("said %q", said)
	}
	s.expectForced("vacant", 0)
	if got := s.command("health"); !strings.Contains(got, "1 in force") || !strings.Contains(got, "1 forced") {
		t.Errorf("health does not tell of it:\n%s", got)
	}
	if got := s.command("state", "dump", "custom:MH-3.14"); !strings.Contains(got, "fire drill") || !strings.Contains(got, "forced") {
		t.Errorf("the dump does not tell of it:\n%s", got)
	}

	s.command("force", "custom:MH-3.14", "occupied")
	s.expectForced("occupied instead", 1)
	s.stop(syscall.SIGKILL)
	s.start()
	s.expectForced("after a kill -9", 1)

	if got := s.command("release", "custom:MH-3.14"); !strings.HasPrefix(got, boardroomID+": released; 1 override ended\n  forced occupied until ") {
		t.Errorf("said %q", got)
	}
	s.expectFree("released")
	if got := s.command("release", boardroomID); got != boardroomID+": nothing was forced\n" {
		t.Errorf("said %q", got)
	}
}

func TestOneOutputOrPeopleAreForced(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	const lighting, hvac, ventilation = 1 << 10, 1 << 11, 1 << 12
	s.command("force", boardroomID, "lighting=vacant")
	if got := s.block(boardroom)[2] & (lighting | hvac | ventilation); got != hvac|ventilation {
		t.Errorf("with lighting forced vacant, the outputs are %016b", got)
	}
	s.command("force", boardroomID, "people=40")
	if got := s.block(boardroom)[1]; got != 40 {
		t.Errorf("people forced to 40 are %d", got)
	}
	s.command("release", boardroomID, "people")
	if got := s.block(boardroom)[1]; got != 6 {
		t.Errorf("people released are %d", got)
	}
	if got := s.block(boardroom)[2] & (lighting | hvac | ventilation); got != hvac|ventilation {
		t.Errorf("with people released, the outputs are %016b", got)
	}
}

// Without a gateway an order is stored, and the next start finds it.
func TestForcingWithoutAGateway(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	s.stop(syscall.SIGTERM)
	order := func(args ...string) string {
		t.Helper()
		code, out, complaints := typed(t.Context(), s.config, args...)
		if code != 0 || !strings.Contains(complaints, "No gateway runs on the state directory") || !strings.Contains(complaints, "the next start finds it") {
			t.Fatalf("%v: exit code %d: %s", args, code, complaints)
		}
		return out
	}
	if got := order("force", boardroomID, "vacant", "--for", "1d"); !strings.HasPrefix(got, boardroomID+": forced vacant until ") {
		t.Errorf("said %q", got)
	}
	if got := s.command("state", "dump", boardroomID); !strings.Contains(got, "forced vacant") {
		t.Errorf("the dump does not tell of it:\n%s", got)
	}
	s.start()
	s.expectForced("after the start", 0)
	if got := s.command("health", "--json"); !strings.Contains(got, `"boots": 2,`) {
		t.Errorf("the order counted as a start:\n%s", got)
	}
	s.stop(syscall.SIGTERM)
	if got := order("release", "custom:MH-3.14"); !strings.HasPrefix(got, boardroomID+": released; 1 override ended\n  forced vacant until ") {
		t.Errorf("said %q", got)
	}
	s.start()
	s.expectFree("after the next start")
}

func TestAnAssetThatIsNotThereIsNamed(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now()))
	unknown := func() {
		t.Helper()
		for _, name := range []string{"room_nowhere", "custom:MH-9.99", "group:ahu-9"} {
			for _, args := range [][]string{{"force", name, "occupied"}, {"release", name}, {"estimate", "reset", name}, {"state", "dump", name}} {
				code, out, complaints := typed(t.Context(), s.config, args...)
				if code != exitFailed || out != "" || !strings.Contains(complaints, name) || strings.Contains(complaints, "stored") {
					t.Errorf("%v: exit code %d: %s%s", args, code, out, complaints)
				}
			}
		}
	}
	unknown()
	s.stop(syscall.SIGTERM)
	unknown()
}

// The canonical dump of a gateway is the same while it runs and after it, and that of another one that
// heard the same in another order.
func TestEqualStatesAreDumpedAlike(t *testing.T) {
	now := time.Now()
	first := payload(t, "ROOM_OCCUPANCY", now.Add(-2*time.Minute))
	bodies := []string{
		first, changed(t, first, map[string]any{"id": "event_3zzzzzzzzzzzzzzzzzzzzzzzzzz", "data": 2}),
		payload(t, "ROOM_OCCUPANCY_1MIN", now.Add(-time.Minute)), payload(t, "FLOOR_OCCUPANCY", now),
		payload(t, "PIR_MOTION", now.Add(-time.Minute)), payload(t, "TRAFFIC", now),
	}
	var dumps, ledgers []string
	for turn := range 2 {
		s := newSite(t, "")
		s.start()
		for i := range bodies {
			if turn == 1 {
				i = len(bodies) - 1 - i
			}
			s.accepted(bodies[i], bodies[i])
		}
		running := s.command("state", "dump", "--format", "json")
		ledgers = append(ledgers, s.command("state", "dump", "--format", "json", "--ledger"))
		s.stop(syscall.SIGTERM)
		stopped := s.command("state", "dump", "--format", "json")
		if running != stopped {
			t.Errorf("while it runs\n%s\nand after it\n%s", running, stopped)
		}
		dumps = append(dumps, running)
	}
	if dumps[0] != dumps[1] {
		t.Errorf("in order\n%s\nand reversed\n%s", dumps[0], dumps[1])
	}
	if ledgers[0] == ledgers[1] {
		t.Error("the numbers are the same though the first event was another")
	}
	var assets []map[string]any
	if err := json.Unmarshal([]byte(dumps[0]), &assets); err != nil || len(assets) < 4 {
		t.Errorf("%d assets, %v", len(assets), err)
	}
	if !strings.Contains(dumps[0], `"totals":{`) || !strings.Contains(dumps[0], `"window":[{`) {
		t.Errorf("there is nothing in it:\n%s", dumps[0])
	}
}

func TestAnEstimateBeginsAnew(t *testing.T) {
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "TRAFFIC", time.Now()))
	estimate := regexp.MustCompile(`(?m)^  traffic_estimate +(\d+),`)
	of := func() string {
		t.Helper()
		found := estimate.FindStringSubmatch(s.command("state", "dump", boardroomID))
		if found == nil {
			t.Fatal("the room has no estimate")
		}
		return found[1]
	}
	if got := of(); got != "1" {
		t.Errorf("one came in, and the estimate is %s", got)
	}
	if got := s.command("estimate", "reset", "custom:MH-3.14"); got != boardroomID+": the traffic estimate begins anew with nobody there\n" {
		t.Errorf("said %q", got)
	}
	if got := of(); got != "0" {
		t.Errorf("reset, the estimate is %s", got)
	}
	if got := s.block(boardroom)[9]; got != 1 {
		t.Errorf("reset, the total of who came in is %d", got)
	}
}
