package config_test

import (
	"strings"
	"testing"
)

// TestCountsOnChangeNeedTheFeedOfChange has files in which Butlr is asked to send counts only when they change. Where
// silence is a loss, that would have a quiet room lost.
//
// Seen to break it: only [state] looked at; a class that goes before it passed over; sites passed over; the kinds of
// all assets looked at, whatever is subscribed to; assets with the customer's own id passed over.
func TestCountsOnChangeNeedTheFeedOfChange(t *testing.T) {
	const (
		begin = "[webhook]\nlisten = \"127.0.0.1:8443\"\n[butlr]\nclient_id = \"a\"\nclient_secret = \"b\"\nsend_on_value_change = true\n"
		rooms = begin + "events = [\"ROOM_OCCUPANCY_1MIN\", \"TRAFFIC\"]\n"
	)
	tests := []struct{ name, text, want string }{
		{"by default", begin, `would make a room that does not change a loss, because feed is "minute" by default`},
		{"everything on change", begin + "[state]\nfeed = \"change\"\n", ""},
		{"nothing is counted", begin + "events = [\"TRAFFIC\", \"PIR_MOTION\", \"PIR_NO_MOTION\", \"DETECTIONS\", \"SENSOR_HEALTH\"]\n", ""},
		{"what is counted is on change", rooms + "[class.room]\nfeed = \"change\"\n", ""},
		{"the floors are not", begin + "[class.room]\nfeed = \"change\"\n", `would make a floor that does not change a loss, because feed is "minute" by default`},
		{"said so for all", rooms + "[state]\nfeed = \"minute\"\n", `would make a room that does not change a loss, because feed is "minute" in [state]`},
		{"a class says otherwise", rooms + "[state]\nfeed = \"change\"\n[class.room]\nfeed = \"minute\"\n",
			`would make a room that does not change a loss, because feed is "minute" in [class.room]`},
		{"another class says otherwise", rooms + "[state]\nfeed = \"change\"\n[class.zone]\nfeed = \"minute\"\n", ""},
		{"a site says otherwise", rooms + "[state]\nfeed = \"change\"\n[sites.site_3jjxDZeswABHTuukIaBLbQURjaX]\nfeed = \"minute\"\n",
			`would make a room that does not change a loss, because feed is "minute" in [sites.site_3jjxDZeswABHTuukIaBLbQURjaX]`},
		{"the class goes before the site", rooms + "[class.room]\nfeed = \"change\"\n[sites.site_3jjxDZeswABHTuukIaBLbQURjaX]\nfeed = \"minute\"\n", ""},
		{"a room says otherwise", rooms + "[state]\nfeed = \"change\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nfeed = \"minute\"\n",
			`would make a room that does not change a loss, because feed is "minute" in [assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]`},
		{"a zone says otherwise", rooms + "[state]\nfeed = \"change\"\n[assets.zone_3jsO3M1KzCEuPDimYj0iZrqyaiW]\nfeed = \"minute\"\n", ""},
		{"what may be a room says otherwise", rooms + "[state]\nfeed = \"change\"\n[assets.\"custom:a\"]\nfeed = \"minute\"\n",
			`would make a room that does not change a loss, because feed is "minute" in [assets."custom:a"]`},
		{"something else of a room", rooms + "[state]\nfeed = \"change\"\n[assets.room_3jsO3M1KzCEuPDimYj0iZrqyaiW]\non_count = 2\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := said(t, test.text, "butlr.send_on_value_change"); got != test.want {
				t.Errorf("it says %q instead of %q", got, test.want)
			}
		})
	}
	if problems(t, strings.Replace(begin, "true", "false", 1)) != nil {
		t.Error("every minute is refused as well")
	}
}

// TestHealthIsAskedForInReason refuses to ask for the sensors' health all the time, or of nobody.
//
// Seen to break it: a second taken; health without an API taken.
func TestHealthIsAskedForInReason(t *testing.T) {
	const begin = "[webhook]\nlisten = \"127.0.0.1:8443\"\n[butlr]\n"
	const api = begin + "client_id = \"a\"\nclient_secret = \"b\"\n"
	for _, test := range []struct{ text, want string }{
		{api + "health = \"0s\"\n", ""},
		{api + "health = \"1m\"\n", ""},
		{api + "health = \"59s\"\n", "is not in 1m to 24h"},
		{api + "health = \"25h\"\n", "is not in 1m to 24h"},
		{begin + "health = \"5m\"\n", "needs client_id, which is not set"},
	} {
		if got := said(t, test.text, "butlr.health"); got != test.want {
			t.Errorf("%s says %q instead of %q", test.text, got, test.want)
		}
	}
}
