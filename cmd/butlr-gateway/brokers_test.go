package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/gateway"
)

// mosquittoPub publishes as somebody else would.
func mosquittoPub(t *testing.T, broker, topic, payload string, extra ...string) {
	t.Helper()
	host, port, err := net.SplitHostPort(broker)
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-h", host, "-p", port, "-q", "1", "-t", topic, "-m", payload}, extra...)
	if out, err := exec.Command(tool(t, "mosquitto_pub"), args...).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_pub: %v\n%s", err, out)
	}
}

// Two brokers are told the same. Commands are obeyed where they are on: each changes the registers and stands in
// the log with its author; one that the broker kept, and any where they are off, changes nothing.
//
// Seen to break it: commander on every broker, labels exchanged, kept commands obeyed.
func TestCommandsOverOneBrokerOfTwo(t *testing.T) {
	silent, obeyed := startMosquitto(t), startMosquitto(t)
	const room = "room/room_3jsO3M1KzCEuPDimYj0iZrqyaiW"
	mosquittoPub(t, obeyed, "hq/command/"+room+"/force", "vacant", "-r")
	s := newSite(t, fmt.Sprintf("[mqtt]\nbroker = %q\n[brokers.ahu]\nbroker = %q\ntopic = \"hq\"\ncommands = true\n", "tcp://"+silent, "tcp://"+obeyed))
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-10*time.Second)))

	override := func(want string) {
		t.Helper()
		for broker, root := range map[string]string{silent: "butlr/", obeyed: "hq/"} {
			waitFor(t, func() string {
				if state := retained(t, broker, root+room+"/state"); !strings.Contains(state, `"override":"`+want+`"`) {
					return state
				}
				return ""
			})
		}
	}
	block := func(what string, occupied, people uint16, quality gateway.Quality) {
		t.Helper()
		if b := s.block(boardroom); b[0] != occupied || b[1] != people || b[3] != uint16(quality) {
			t.Errorf("%s: occupied %d, people %d, quality %d; want %d, %d, %d", what, b[0], b[1], b[3], occupied, people, quality)
		}
	}
	command := func(broker, root, verb, payload string) {
		mosquittoPub(t, broker, root+"/command/"+room+"/"+verb, payload)
	}

	override("automatic")
	block("a kept command", 1, 6, gateway.Good)
	command(silent, "butlr", "force", "vacant")
	command(silent, "hq", "force", "vacant")
	command(obeyed, "butlr", "force", "vacant")
	command(obeyed, "hq", "force", "vacant")
	override("vacant")
	block("forced vacant", 0, 6, gateway.Forced)
	command(obeyed, "hq", "force", `{"target":"people","value":2,"for":"10m","reason":"a trial"}`)
	command(obeyed, "hq", "force", "automatic")
	override("automatic")
	block("people forced", 1, 2, gateway.Good) // the quality is that of occupied
	command(obeyed, "hq", "release", "")
	waitFor(t, func() string {
		if state := retained(t, silent, "butlr/"+room+"/state"); strings.Contains(state, `"overrides"`) {
			return state
		}
		return ""
	})
	block("released", 1, 6, gateway.Good)
	s.stop(syscall.SIGTERM)
	for want, times := range map[string]int{"override forced": 2, "override released": 2, "by=ahu": 4, "a trial": 2} {
		if n := strings.Count(s.log.String(), want); n != times {
			t.Errorf("%q is in the log %d times, want %d:\n%s", want, n, times, s.log)
		}
	}
}

// What is wanted of topics can change from one start to the next; the broker keeps nothing of before.
//
// Seen to break it: no memory of the topics in use.
func TestABrokerKeepsNothingOfOtherSettings(t *testing.T) {
	broker := startMosquitto(t)
	s := newSite(t, fmt.Sprintf("[mqtt]\nbroker = %q\ntopic = \"one\"\nnames = true\ndiscovery = \"off\"\n", "tcp://"+broker))
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-10*time.Second)))
	const named = "/names/rotterdam-campus/maas-house/level-3/boardroom-erasmus/people"
	waitFor(t, func() string { return cmp.Diff("6", retained(t, broker, "one"+named)) })
	s.stop(syscall.SIGTERM)

	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("topic = \"one\"\nnames = true"), []byte("topic = \"two\"\nscalars = false"), 1)
	if err := os.WriteFile(s.config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	waitFor(t, func() string { return cmp.Diff("online", retained(t, broker, "two/gateway/status")) })
	waitFor(t, func() string {
		for topic := range keeps(t, broker) {
			if strings.HasPrefix(topic, "one/") || strings.HasSuffix(topic, "/people") {
				return "-nothing\n+" + topic
			}
		}
		return ""
	})
	s.stop(syscall.SIGTERM)
}

// keeps returns everything that a broker keeps, without what the time changes.
func keeps(t *testing.T, broker string) map[string]string {
	t.Helper()
	host, port, err := net.SplitHostPort(broker)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("mosquitto_sub", "-h", host, "-p", port, "-q", "1", "-W", "1", "--retained-only", "-t", "#", "-F", "%t %p").Output()
	kept := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if topic, payload, _ := strings.Cut(strings.TrimSpace(line), " "); topic != "butlr/gateway/state" {
			kept[topic] = payload
		}
	}
	return kept
}

// alarmText tells why a broker is down, "" if none is.
func alarmText(t *testing.T, s *site) string {
	t.Helper()
	status, err := askStatus(t.Context(), filepath.Join(s.dir, "state"))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range status.Alarms {
		if a.Name == gateway.BrokerDown.String() {
			return a.Why
		}
	}
	return ""
}
