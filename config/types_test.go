package config_test

import (
	"fmt"
	"strings"
	"testing"

	"butlr-gateway/config"
)

// said returns what is said about one key of a file, "" if nothing is wrong with it.
func said(t *testing.T, text, key string) string {
	t.Helper()
	var all []string
	for _, p := range problems(t, text) {
		if p.Key == key {
			all = append(all, p.Message)
		}
	}
	return strings.Join(all, "; ")
}

func TestListenAddresses(t *testing.T) {
	const noAddress, noPort = "does not begin with an IP address", "does not end with a port"
	tests := []struct {
		address, want string
		loopback      bool
	}{
		{"127.0.0.1:502", "", true},
		{"127.8.8.8:1", "", true},
		{"localhost:502", "", true},
		{"[::1]:65535", "", true},
		{"[::ffff:127.0.0.1]:502", "", true},
		{":502", "", false},
		{"0.0.0.0:502", "", false},
		{"[::]:502", "", false},
		{"10.20.0.4:502", "", false},
		{"502", "has no port", false},
		{"127.0.0.1", "has no port", false},
		{"127.0.0.1:", noPort, false},
		{"127.0.0.1:modbus", noPort, false},
		{"127.0.0.1:65536", noPort, false},
		{"127.0.0.1:-1", noPort, false},
		{"::1:502", "has an IPv6 address without brackets", false},
		{"[::1:502", "has an IPv6 address without brackets", false},
		{"gateway.local:502", noAddress, false},
		{"256.0.0.1:502", noAddress, false},
		{"http://127.0.0.1:502", "has an IPv6 address without brackets", false},
		{"[]:502", noAddress, false},
		{"*:502", noAddress, false},
	}
	for _, test := range tests {
		t.Run(test.address, func(t *testing.T) {
			text := fmt.Sprintf("[modbus]\nlisten = %q\nallow = [\"10.0.0.0/8\"]\n", test.address)
			if got := said(t, text, "modbus.listen"); got != test.want {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			if test.want != "" {
				return
			}
			if got := config.Listen(test.address).Loopback(); got != test.loopback {
				t.Errorf("loopback is %v", got)
			}
		})
	}
}

func TestListenersOnOnePort(t *testing.T) {
	const taken = "has the port that webhook.listen takes"
	tests := []struct{ webhook, web, want string }{
		{"127.0.0.1:80", "127.0.0.1:80", taken},
		{"127.0.0.1:80", "localhost:80", taken},
		{":80", "127.0.0.1:80", taken},
		{"[::]:80", "127.0.0.1:80", taken},
		{"0.0.0.0:80", "127.0.0.1:80", taken},
		{"0.0.0.0:80", "[::1]:80", ""},
		{"127.0.0.1:80", "[::1]:80", ""},
		{"127.0.0.1:80", "127.0.0.2:80", ""},
		{"127.0.0.1:80", "127.0.0.1:81", ""},
		{"127.0.0.1:0", "127.0.0.1:0", ""},
	}
	for _, test := range tests {
		t.Run(test.webhook+" "+test.web, func(t *testing.T) {
			text := fmt.Sprintf("[webhook]\nlisten = %q\n[web]\nlisten = %q\n", test.webhook, test.web)
			if got := said(t, text, "web.listen"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestBrokers(t *testing.T) {
	const notOne, noScheme = "is not the address of a broker", "does not begin with tcp, ssl, ws or wss"
	tests := []struct{ broker, want string }{
		{"", ""},
		{"embedded", ""},
		{"tcp://127.0.0.1:1883", ""},
		{"ssl://broker.example.org:8883", ""},
		{"ws://broker/mqtt", ""},
		{"wss://[fd00::1]:443", ""},
		{"tcp://broker", ""},
		{"ssl://broker", ""},
		{"tcp://broker:1883/path", "has a path, which only ws and wss have"},
		{"tcp://broker:0", "does not end with a port"},
		{"tcp://broker:99999", "does not end with a port"},
		{"tcp://broker:mqtt", notOne},
		{"mqtt://broker:1883", noScheme},
		{"http://broker", noScheme},
		{"broker:1883", notOne},
		{"broker", notOne},
		{"tcp://:1883", notOne},
		{"ws://broker/?token=1", "has something after the address"},
		{"ws://broker/#x", "has something after the address"},
		{"tcp://user:secret@broker:1883", "must not hold a user or a password"},
		{"Embedded", notOne},
	}
	for _, test := range tests {
		t.Run(test.broker, func(t *testing.T) {
			text := fmt.Sprintf("[mqtt]\nbroker = %q\n", test.broker)
			if got := said(t, text, "mqtt.broker"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if all := problems(t, text).Error(); strings.Contains(all, "secret@") {
				t.Errorf("the password is shown:\n%s", all)
			}
		})
	}
}

func TestTopics(t *testing.T) {
	const strange = "holds characters that not every broker can keep"
	tests := []struct{ topic, want string }{
		{"butlr", ""},
		{"butlr/hq-1/Level_3.14", ""},
		{strings.Repeat("b", 200), ""},
		{"", "is empty"},
		{"butlr/#", "holds + or #, which only subscribers may use"},
		{"+/butlr", "holds + or #, which only subscribers may use"},
		{"$SYS/butlr", strange},
		{"/butlr", "has an empty level"},
		{"butlr/", "has an empty level"},
		{"butlr//hq", "has an empty level"},
		{"butlr hq", strange},
		{"bütlr", strange},
		{"butlr/*", strange},
		{"butlr\x00", "holds characters that cannot be seen"},
		{strings.Repeat("b", 201), "is longer than 200 bytes"},
	}
	for _, test := range tests {
		t.Run(test.topic, func(t *testing.T) {
			text := "[mqtt]\ntopic = " + quote(test.topic) + "\n"
			if got := said(t, text, "mqtt.topic"); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWebhookPaths(t *testing.T) {
	for path, fine := range map[string]bool{
		"/": true, "/webhooks/butlr": true, "/hook/": true, "/a.b-c_d~e": true,
		"": false, "hook": false, "//hook": false, "/hook//": false, "/a/../b": false, "/./a": false,
		"/hook?key=1": false, "/hook#x": false, "/a b": false, "/%2e": false, "/ä": false,
	} {
		if got := said(t, "[webhook]\npath = "+quote(path)+"\n", "webhook.path"); (got == "") != fine {
			t.Errorf("%q: got %q", path, got)
		}
	}
}

// quote writes a text as TOML.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		if r < ' ' || r == '"' || r == '\\' || r == 0x7f {
			fmt.Fprintf(&b, "\\u%04x", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String() + `"`
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]string{
		`"1MiB"`: "", `"2GiB"`: "", `"3TiB"`: "", `"1024 KiB"`: "",
		`"1023KiB"`: "leaves no room", `"0MiB"`: "leaves no room",
		`"2GB"`: "not a size", `"-1GiB"`: "not a size", `"1.5GiB"`: "not a size", `"GiB"`: "not a size", `"9999999999999TiB"`: "not a size", `""`: "not a size",
	} {
		if got := said(t, "[web]\nhistory_max = "+text+"\n", "web.history_max"); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
