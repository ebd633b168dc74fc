package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"butlr-gateway/config"
)

// announcedOn lists the topics on which a broker keeps announcements.
func announcedOn(t *testing.T, broker string) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(broker)
	if err != nil {
		t.Fatal(err)
	}
	// It ends with a time-out, as there is no telling when the broker has sent all.
	out, _ := exec.Command("mosquitto_sub", "-h", host, "-p", port, "-q", "1", "-W", "1", "--retained-only", "-F", "%t", "-t", "homeassistant/#").Output()
	topics := strings.Fields(string(out))
	slices.Sort(topics)
	return topics
}

// The program announces by itself what it hears of, in the form of its configuration, and takes back what it
// announced in another one, also after it was killed.
//
// Seen to break it: the forms of wire.go exchanged; no table for the memory.
func TestTheProgramAnnounces(t *testing.T) {
	broker := startMosquitto(t)
	s := newSite(t, fmt.Sprintf("[mqtt]\nbroker = %q\n", "tcp://"+broker))
	s.start()
	s.accepted(payload(t, "ROOM_OCCUPANCY", time.Now().Add(-10*time.Second)))
	node := "bgw_" + s.status.GatewayID
	room := node + "_room_3jsO3M1KzCEuPDimYj0iZrqyaiW"
	expect := func(what string, right func(topics []string) bool) {
		t.Helper()
		waitFor(t, func() string {
			if topics := announcedOn(t, broker); !right(topics) {
				return fmt.Sprintf("%s: announced are %q", what, topics)
			}
			return ""
		})
	}
	expect("devices", func(topics []string) bool {
		return len(topics) == 5 && slices.Contains(topics, "homeassistant/device/"+room+"/config") &&
			slices.Contains(topics, "homeassistant/device/"+node+"/config")
	})
	s.stop(syscall.SIGKILL)

	reconfigure := func(line string) {
		t.Helper()
		text, err := os.ReadFile(s.config)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.config, append(text, line...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reconfigure("discovery_prefix = \"homeassistant\"\ndiscovery = \"component\"\n")
	s.start()
	expect("components", func(topics []string) bool {
		return slices.Contains(topics, "homeassistant/sensor/"+room+"/people/config") &&
			!slices.ContainsFunc(topics, func(topic string) bool { return strings.Contains(topic, "/device/") })
	})
	s.stop(syscall.SIGTERM)

	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	off := strings.Replace(string(text), `"component"`, `"off"`, 1)
	if err := os.WriteFile(s.config, []byte(off), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	expect("nothing", func(topics []string) bool { return len(topics) == 0 })
	s.stop(syscall.SIGTERM)
}

// A page that other machines cannot reach is not shown to them, nor one whose address is not known.
func TestPublicPage(t *testing.T) {
	for listen, want := range map[config.Listen]string{ // without more names
		"": "", "127.0.0.1:8080": "", "localhost:8080": "", "[::1]:8080": "", ":8080": "", "0.0.0.0:8080": "", "[::]:8080": "",
		"10.20.0.5:8080": "https://10.20.0.5:8080", "[2001:db8::1]:80": "https://[2001:db8::1]:80",
	} {
		if got := publicPage(&config.Web{Listen: listen}); got != want {
			t.Errorf("%q is shown as %q, want %q", listen, got, want)
		}
	}
	named := config.Web{Listen: ":8444", Hosts: []string{"gateway.example.org", "10.20.0.5"}}
	if got, want := publicPage(&named), "https://gateway.example.org:8444"; got != want {
		t.Errorf("a page with a name is shown as %q, want %q", got, want)
	}
	named.Listen = "127.0.0.1:8080"
	if got := publicPage(&named); got != "" {
		t.Errorf("a page behind a proxy is shown as %q", got)
	}
}
