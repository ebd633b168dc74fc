package mqtt

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/mqtt/discovery"
	"butlr-gateway/gateway"
)

//go:embed testdata/mqtt.md.tmpl
var documentText string

const documentFile = "../../docs/mqtt.md"

// Seen to break it: a topic without its row, a key that the payload has and the table has not.
func TestDocument(t *testing.T) {
	var text bytes.Buffer
	parts := template.FuncMap{
		"root": func() string { return "butlr" }, "topics": func() string { return documentTopics(t) },
		"state": documentState, "keys": func() string { return documentKeys(t) }, "qualities": documentQualities,
		"gatewayState": documentGateway, "events": documentEvents, "force": documentForce,
		"maxReason": func() int { return maxReason }, "maxCommands": func() int { return maxCommands },
		"inFlight": func() int { return maxInFlight }, "askedEvery": func() string { return fmt.Sprintf("%.0f s", askedEvery.Seconds()) },
	}
	if err := template.Must(template.New("").Funcs(parts).Parse(documentText)).Execute(&text, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.FromSlash(documentFile)
	if *updateGolden {
		if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), text.String()); diff != "" {
		t.Errorf("%s differs (-page +code); go test ./adapters/mqtt -run Document -update writes it anew:\n%s", documentFile, diff)
	}
}

// documentRows say what is published where; every topic that a publisher uses has its row here.
var documentRows = []struct{ topic, payload, when string }{
	{"butlr/gateway/status", "`online`, `offline`", "on connection, and by the broker when the connection is lost"},
	{"butlr/gateway/state", "JSON", "every 10 s"},
	{"butlr/<kind>/<id>/availability", "`online`, `offline`", "on change"},
	{"butlr/<kind>/<id>/state", "JSON", "on change, and every `refresh`"},
	{"butlr/<kind>/<id>/<measure>", "`4`, `ON`, `66.7`, `unknown`", "on change"},
	{"butlr/names/<names>/availability", "as above", "on change"},
	{"butlr/names/<names>/state", "as above", "on change, and every `refresh`"},
	{"butlr/names/<names>/<measure>", "as above", "on change"},
	{"butlr/<kind>/<id>/event", "JSON", "when people pass, when motion begins or ends"},
	{"butlr/detections/<sensor>", "JSON", "when a sensor tells where it sees people"},
	{"homeassistant/device/bgw_<gateway>_<id>/config", "JSON", "for Home Assistant: on connection, when it starts, and on change"},
}

// documentTopics has a publisher say everything that it can, and writes a row for each form of topic.
func documentTopics(t *testing.T) string {
	said := make(map[string]message)
	synctest.Test(t, func(t *testing.T) {
		b, o := newFakeBroker(), testOptions()
		o.Names, o.Detections, o.Memory = true, true, &notebook{rows: map[string]string{}}
		o.Discovery, o.DiscoveryPrefix = discovery.Devices, "homeassistant"
		b.hears = func(m message) { said[formOf(m.topic)] = m }
		p, stop := start(t, b, o)
		room, floor := snapshots()["full"], snapshots()["floor"]
		u := update(floor, room)
		u.At, u.Happened = o.Clock(), happenings()
		p.Publish(u)
		time.Sleep(time.Minute)
		stop()
	})
	var b strings.Builder
	for _, row := range documentRows {
		m, ok := said[row.topic]
		if !ok {
			t.Errorf("nothing is published on %s", row.topic)
		}
		delete(said, row.topic)
		kept := "yes"
		if m.fleeting {
			kept = "no"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %d | %s |\n", row.topic, row.payload, kept, m.qos(), row.when)
	}
	for topic := range said {
		t.Errorf("the page does not tell of %s", topic)
	}
	return b.String()
}

var (
	assetTopic = regexp.MustCompile(`^butlr/(site|building|floor|room|zone|sensor|group)/[A-Za-z0-9_-]+/`)
	namesTopic = regexp.MustCompile(`^butlr/names/.+/([a-z_]+)$`)
	detections = regexp.MustCompile(`^butlr/detections/[A-Za-z0-9_-]+$`)
	deviceForm = regexp.MustCompile(`^homeassistant/device/bgw_1a2b3c4d(_[A-Za-z0-9_-]+)?/config$`)
)

// formOf returns a topic as the page writes it.
func formOf(topic string) string {
	topic = assetTopic.ReplaceAllString(topic, "butlr/<kind>/<id>/")
	topic = namesTopic.ReplaceAllString(topic, "butlr/names/<names>/$1")
	topic = detections.ReplaceAllString(topic, "butlr/detections/<sensor>")
	topic = deviceForm.ReplaceAllString(topic, "homeassistant/device/bgw_<gateway>_<id>/config")
	for m := range gateway.Measure(gateway.MeasureCount) {
		if before, last, _ := cutLast(topic); last == m.String() {
			return before + "/<measure>"
		}
	}
	return topic
}

func documentState(name string) string {
	s := snapshots()[name]
	return string(appendState(nil, &s, amsterdam))
}

// keyMeanings say what is behind each key of a state.
var keyMeanings = map[string][2]string{
	"occupied":               {"true, false", "whether somebody is taken to be there; the same as `hvac`"},
	"people":                 {"number", "how many"},
	"motion":                 {"true, false", "what a PIR saw last"},
	"lighting":               {"true, false", "whether the lighting should be on: with its own delays"},
	"hvac":                   {"true, false", "the same for heating and cooling"},
	"ventilation":            {"true, false", "the same for ventilation"},
	"traffic_in":             {"number", "people who came in, a running total"},
	"traffic_out":            {"number", "people who went out, a running total"},
	"traffic_estimate":       {"number", "in less out since midnight; an estimate"},
	"detections":             {"number", "people whom a sensor sees; not kept over a restart"},
	"utilisation":            {"number", "people in percent of the capacity"},
	"quality":                {"text", "how far all this can be trusted, see below"},
	"quality_code":           {"number", "the same as a number"},
	"reason":                 {"text", "why it is occupied or not, in the site's time"},
	"reason_code":            {"number", "the same as a number, see [state-reference.md](state-reference.md)"},
	"at":                     {"time", "when the newest of what is shown was sensed"},
	"off_delay_ends":         {"time", "when HVAC turns off if nobody comes"},
	"override":               {"text", "`occupied` or `vacant` while all outputs are forced together, else `automatic`"},
	"overrides":              {"list", "everything that is forced: only there while something is"},
	"coverage":               {"number", "percent of the members that count: only of what is made of others"},
	"peak_today":             {"number", "the most people since midnight"},
	"occupied_minutes_today": {"number", "minutes with somebody since midnight"},
	"name":                   {"text", "as people call it"},
	"custom_id":              {"text", "your own id of it in Butlr"},
	"path":                   {"list", "the names of what is around it, from the site inwards"},
}

// documentKeys writes a row for each key that any state has, in their order.
func documentKeys(t *testing.T) string {
	var keys []string
	for _, name := range []string{"full", "forced", "entrance", "floor", "hall", "motion"} {
		s := snapshots()[name]
		if name == "motion" {
			s = snapshots()["full"]
			s.Has |= gateway.MeasuresOf(gateway.Detections, gateway.TrafficEstimate)
		}
		keys = weave(keys, objectKeys(t, appendState(nil, &s, amsterdam)))
	}
	var b strings.Builder
	for _, key := range keys {
		meaning, ok := keyMeanings[key]
		if !ok {
			t.Errorf("the page does not tell what %s is", key)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key, meaning[0], meaning[1])
	}
	if len(keys) != len(keyMeanings) {
		t.Errorf("the page tells of %d keys, and there are %d: %v", len(keyMeanings), len(keys), keys)
	}
	return b.String()
}

// weave puts keys into others, each behind the one before it.
func weave(into, keys []string) []string {
	place := 0
	for _, key := range keys {
		if i := slices.Index(into, key); i >= 0 {
			place = i + 1
			continue
		}
		into = slices.Insert(into, place, key)
		place++
	}
	return into
}

func objectKeys(t *testing.T, text []byte) (keys []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	depth := 0
	isKey := false
	for {
		token, err := d.Token()
		if err != nil {
			return keys
		}
		switch token := token.(type) {
		case json.Delim:
			if token == '{' || token == '[' {
				depth++
			} else {
				depth--
			}
			isKey = depth == 1
			continue
		case string:
			if depth == 1 && isKey {
				keys = append(keys, token)
				isKey = false
				continue
			}
		}
		if depth == 1 {
			isKey = true
		}
	}
}

// qualityMeanings say what each quality means.
var qualityMeanings = [gateway.QualityCount]string{
	gateway.Never:        "no event about it ever came",
	gateway.Good:         "all of it is known, and heard lately",
	gateway.Uncertain:    "something is missing or estimated; the reason tells",
	gateway.Held:         "nothing new for a while: the last value, kept",
	gateway.Substituted:  "nothing new for long: what the settings say stands in",
	gateway.Forced:       "somebody forced it",
	gateway.OutOfService: "taken out of service",
}

func documentQualities() string {
	var b strings.Builder
	b.WriteString("| `quality` | `quality_code` | means |\n|---|---|---|\n")
	for q := range gateway.Quality(gateway.QualityCount) {
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", q, q, qualityMeanings[q])
	}
	return b.String()
}

func documentGateway() string {
	o := testOptions()
	o.Alarms.Raise(gateway.FeedLost, `nothing from site "HQ" since 08:00`)
	sum := gateway.Summary{Assets: 3, Accepted: 1204, Refused: 2, Unhandled: 7}
	sum.Qualities[gateway.Good], sum.Qualities[gateway.Held] = 2, 1
	return string(appendGateway(nil, &o, o.Clock(), &sum))
}

func documentEvents() string {
	var lines []string
	for _, h := range happenings() {
		topic, payload := "butlr/detections/"+levelOf(h.Asset), appendDetections(nil, &h)
		if h.Type != gateway.Detected {
			topic, payload = Topic("butlr", h.Asset)+"/event", appendHappening(nil, &h)
		}
		lines = append(lines, topic+" "+strings.ReplaceAll(string(payload), `\"`, ""))
	}
	return strings.Join(lines, "\n")
}

// documentForce is an example that can be read.
func documentForce() string {
	const example = `{"target":"people","value":4,"for":"2h","reason":"fire drill"}`
	if _, err := readWish([]byte(example)); err != nil {
		panic(err)
	}
	return "`" + example + "`"
}
