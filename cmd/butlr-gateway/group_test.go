package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// airHandler is a group of the examples' rooms, in which the Focus Room is named by the customer's own id.
const airHandler = `
[groups.ahu-3]
name = "Air handler 3"
members = ["room_3jsO3M1KzCEuPDimYj0iZrqyaiW", "custom:MH-3.09"]

[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]
capacity = 12
`

// A group is read as any room is: a block with the lowest number, and a topic under its key.
func TestAGroupIsServedAsOneRoom(t *testing.T) {
	broker := startMosquitto(t)
	tool(t, "mbpoll")
	s := newSite(t, fmt.Sprintf("[mqtt]\nbroker = %q\n%s", "tcp://"+broker, airHandler))
	s.start()
	expect := func(what, block, state string) {
		t.Helper()
		if diff := cmp.Diff(block, mbpollBlock(t, s.address("Modbus TCP"), 0)); diff != "" {
			t.Errorf("%s: block (-want +got):\n%s", what, diff)
		}
		waitFor(t, func() string {
			return cmp.Diff(state, withoutTimes(retained(t, broker, "butlr/group/ahu-3/state")))
		})
	}
	expectAvailable := func(want string) {
		t.Helper()
		waitFor(t, func() string { return cmp.Diff(want, retained(t, broker, "butlr/group/ahu-3/availability")) })
	}
	expectAvailable("offline")
	if got := s.block(0); got[0] != 65535 || got[3] != 0 || got[4] != 65535 {
		t.Errorf("nothing was heard, and the block reads %v", got)
	}

	now := time.Now().Truncate(time.Minute)
	s.accepted(payload(t, "ROOM_OCCUPANCY", now.Add(-10*time.Second)))
	s.accepted(payload(t, "PIR_MOTION", now.Add(-7*time.Second)), payload(t, "PIR_NO_MOTION", now.Add(-6*time.Second)))
	const (
		block = "1 6 7697 1 age off 0 500 0 0 0 0 65535 65535 13 0"
		state = `{"occupied":true,"people":6,"motion":false,"lighting":true,"hvac":true,"ventilation":true,"utilisation":50,"quality":"good","quality_code":1,"reason":"2 of 2 members occupied","reason_code":13,"at":"AT","off_delay_ends":"AT","override":"automatic","coverage":100,"name":"Air handler 3","custom_id":null,"path":[]}`
	)
	expect("of six people and a room that has just emptied", block, state)
	expectAvailable("online")
	s.stop(syscall.SIGKILL)
	s.start()
	expect("after a kill -9", block, state)

	s.command("force", "group:ahu-3", "vacant", "--reason", "fire drill")
	forced := mbpollBlock(t, s.address("Modbus TCP"), 0)
	if want := "0 6 8 5 age 0 0 500 0 0 0 0 65535 65535 7 0"; forced != want {
		t.Errorf("forced: %s, want %s", forced, want)
	}
	waitFor(t, func() string {
		got := retained(t, broker, "butlr/group/ahu-3/state")
		if !strings.Contains(got, `"occupied":false`) || !strings.Contains(got, `"override":"vacant"`) || !strings.Contains(got, "fire drill") {
			return got
		}
		return ""
	})
	const room = 4 // after the group, the site, the building and the floor
	if got := s.block(room); got[0] != 1 || got[2]&forcedBit != 0 {
		t.Errorf("forcing the group forced its room: occupied %d, status %016b", got[0], got[2])
	}
}

// What an operator forced is on the registers again after a restart, until its time is over or somebody
// releases it.
func TestAnOverrideOutlivesTheGateway(t *testing.T) {
	tool(t, "mbpoll")
	s := newSite(t, "")
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-time.Minute)))
	const (
		free   = "1 6 7681 1 age 0 65535 65535 0 0 0 0 6 1 1 0"
		forced = "0 6 8 5 age 0 65535 65535 0 0 0 0 6 1 7 0"
	)
	polled := func() string { return mbpollBlock(t, s.address("Modbus TCP"), boardroom) }
	expect := func(what, want string) {
		t.Helper()
		if got := polled(); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	expect("before", free)
	s.command("force", boardroomID, "vacant", "--for", "1h")
	expect("forced", forced)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		s.stop(signal)
		s.start()
		expect(fmt.Sprint("after a restart, by ", signal), forced)
	}
	s.command("release", boardroomID)
	expect("released", free)
	s.stop(syscall.SIGTERM)
	s.start()
	expect("released, after a restart", free)

	s.command("force", boardroomID, "vacant", "--for", "2s")
	expect("forced for a moment", forced)
	waitFor(t, func() string { return cmp.Diff(free, polled()) })
	s.command("force", boardroomID, "vacant", "--for", "1s")
	s.stop(syscall.SIGTERM)
	s.start()
	waitFor(t, func() string { return cmp.Diff(free, polled()) })
}
