package gateway_test

import (
	"testing"
	"time"

	"butlr-gateway/gateway"
)

// Sensors that Butlr does not list any more serve nothing, at once. A heartbeat from the future is none. A sensor in a
// room of which nobody ever heard still serves what lies around it. While this machine's clock is not trusted, nobody can
// tell how old a heartbeat is.
//
// Seen to break it: each of them.
func TestHealthThatIsOdd(t *testing.T) {
	t.Parallel()
	a := sensor("a", "room_1")
	quiet := noMotion("room_1", "08:59:00")
	h := opened(t, asked(), quiet)
	h.polled(30*time.Minute, offline(a, ""))
	h.says("room_1", 1, gateway.Substituted, "sensors offline")
	h.reports()
	h.says("room_1", 0, gateway.Good, "motion ended")

	h = opened(t, asked(), quiet)
	h.polled(30*time.Minute, offline(a, "15:00:00"))
	h.says("room_1", 1, gateway.Substituted, "sensors offline since 2026-03-10 08:59:00")

	h = opened(t, asked(), quiet, passed("sensor_door", "", 1, 0, "08:59:00"))
	h.polled(30*time.Minute, offline(sensor("b", "room_9"), ""))
	if got := h.shown["building_1"].Readings[gateway.TrafficIn].Quality; got != gateway.Substituted {
		t.Errorf("the building's traffic is %s", got)
	}

	rules := asked()
	rules.Built = at("12:00:00")
	a.Heartbeat = at("08:59:50")
	h = opened(t, rules, quiet)
	h.polled(30*time.Minute, a)
	h.says("room_1", 0, gateway.Uncertain, "clock is not trusted")
}

// A count that comes every minute is no sign of the sensors' life: Butlr works it out whoever can be heard. Of a room that
// has one, too, the PIR is lost while all its sensors are offline; and what that had turned on needs no on-delay.
//
// Seen to break it: a count of every minute taken for a sign of life; the losses of what has no heartbeat but its sensors'
// health left out of the course of an output with an on-delay.
func TestCountsOfEveryMinuteAreNoSignOfSensors(t *testing.T) {
	t.Parallel()
	rules := asked()
	rules.State.OnDelay = [gateway.OutputCount]time.Duration{5 * time.Minute, 5 * time.Minute, 5 * time.Minute}
	a := sensor("a", "room_1")
	h := opened(t, rules, noMotion("room_1", "08:58:00"), people("room_1", 0, "08:59:00"))
	h.reports(a)
	for i := range 25 {
		h.pass(2 * time.Minute)
		h.events(people("room_1", max(0, i-23), h.clock.Time().Format(time.TimeOnly)))
		h.reports(offline(a, "09:00:00"))
		if i == 20 {
			h.says("room_1", 1, gateway.Substituted, "feed of motion lost, sensors offline since 2026-03-10 09:00:00, occupied to be safe")
		}
	}
	h.says("room_1", 1, gateway.Good, "people 1 at 09:50:00")
	h.pass(time.Minute)
	h.reports(a)
	h.says("room_1", 1, gateway.Good, "people 1 at 09:50:00")
	h.events(people("room_1", 0, "09:51:00"), noMotion("room_1", "09:51:00"))
	h.says("room_1", 1, gateway.Good, "off-delay ends")
}

// A batch that cannot be stored leaves no trace, and takes the report with it that came meanwhile.
//
// Seen to break it: the report kept for the next batch.
func TestAReportInABatchThatFails(t *testing.T) {
	t.Parallel()
	a := sensor("a", "room_1")
	h := opened(t, asked(), noMotion("room_1", "08:59:00"))
	h.reports(a)
	h.pass(30 * time.Minute)
	before := belief(h.state, instant(h.clock))
	h.journal.fail = errDisk
	h.state.Health(&gateway.HealthReport{Devices: []gateway.Device{offline(a, "09:00:00")}})
	h.events(motion("room_1", "09:30:00"))
	h.journal.fail = nil
	if !h.journal.repair(t, h.state) {
		t.Fatal("it cannot be repaired")
	}
	h.settle()
	if diff := gateway.Difference(before, belief(h.state, instant(h.clock))); diff != "" {
		t.Errorf("the batch left a trace (-before +after):\n%s", diff)
	}
	h.reports(offline(a, "09:00:00"))
	h.says("room_1", 1, gateway.Substituted, "sensors offline")
}

// People are told of what is offline in two reports in a row, and that it is back after two: what comes and goes with
// each is no news. Hives are told first. What is in no room and on no floor is missed by nobody.
//
// Seen to break it: one report enough; devices that come and go told; those that are gone from Butlr kept; devices
// without a place counted; the alarm ended by a part of an answer.
func TestWhatIsOfflineIsAnAlarm(t *testing.T) {
	t.Parallel()
	hive := gateway.Device{ID: "hive_1", Hive: true, Serial: "H-17", Floor: "space_3", Online: true}
	a, b, c, d := sensor("a", "room_1"), sensor("b", "room_2"), sensor("c", "room_9"), sensor("d", "")
	spare := gateway.Device{ID: "sensor_spare"}
	h := opened(t, asked(), noMotion("room_1", "08:59:00"), noMotion("room_2", "08:59:00"))
	for i, step := range []struct {
		partial bool
		devices []gateway.Device
		want    string
	}{
		{false, []gateway.Device{hive, offline(a, ""), b, c, d, spare}, ""},
		{false, []gateway.Device{hive, a, b, c, d, spare}, ""},
		{false, []gateway.Device{hive, offline(a, ""), b, c, d, spare}, ""},
		{false, []gateway.Device{hive, offline(a, ""), b, c, d, spare}, "1 of 4 sensors offline: Heatic a in Name of room_1"},
		{true, []gateway.Device{b, c, d, spare}, "1 of 4 sensors offline: Heatic a in Name of room_1"},
		{false, []gateway.Device{hive, a, b, c, d, spare}, "1 of 4 sensors offline: Heatic a in Name of room_1"},
		{false, []gateway.Device{hive, offline(a, ""), b, c, d, spare}, "1 of 4 sensors offline: Heatic a in Name of room_1"},
		{false, []gateway.Device{hive, a, b, c, d, spare}, "1 of 4 sensors offline: Heatic a in Name of room_1"},
		{false, []gateway.Device{hive, a, b, c, d, spare}, ""},
		{false, []gateway.Device{offline(hive, ""), offline(a, ""), offline(b, ""), offline(c, ""), d, spare}, ""},
		{false, []gateway.Device{offline(hive, ""), offline(a, ""), offline(b, ""), offline(c, ""), d, spare},
			"1 of 1 hives and 3 of 4 sensors offline: H-17 in Level 3, Heatic a in Name of room_1, Heatic b in Name of room_2, and 1 more"},
		{false, []gateway.Device{offline(hive, ""), a, b}, "1 of 1 hives and 2 of 2 sensors offline: H-17 in Level 3, Heatic a in Name of room_1, Heatic b in Name of room_2"},
		{false, nil, ""},
	} {
		h.pass(5 * time.Minute)
		h.takes(&gateway.HealthReport{Devices: step.devices, Partial: step.partial})
		if got := h.sum.Devices.Why; got != step.want {
			t.Errorf("after report %d: %q instead of %q", i+1, got, step.want)
		}
	}
}

// The hub raises and ends the alarm, and has what a report changes published at once.
//
// Seen to break it: the alarm not raised; not ended; the report applied without a batch of its own.
func TestAHubIsToldOfHealth(t *testing.T) {
	inBubble(t, func(t *testing.T, clock gateway.Clock) {
		j, shown := &journal{}, &sink{}
		h, alarms := startHub(t, clock, j, shown, 0)
		if err := h.Ingest(t.Context(), []gateway.Event{noMotion("room_1", "08:59:00")}); err != nil {
			t.Fatal(err)
		}
		a := sensor("a", "room_1")
		for i, step := range []struct {
			device  gateway.Device
			alarms  uint32
			quality gateway.Quality
		}{
			{offline(a, "08:30:00"), 0, gateway.Uncertain},
			{offline(a, "08:30:00"), 1 << gateway.SensorOffline, gateway.Uncertain},
			{a, 1 << gateway.SensorOffline, gateway.Good},
			{a, 0, gateway.Good},
		} {
			if err := h.Health(t.Context(), &gateway.HealthReport{Devices: []gateway.Device{step.device}}); err != nil {
				t.Fatal(err)
			}
			if alarms.Bits() != step.alarms || shown.quality("room_1") != step.quality {
				t.Errorf("after report %d the alarms are %b, and the room %s", i+1, alarms.Bits(), shown.quality("room_1"))
			}
		}
	})
}
