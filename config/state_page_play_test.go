package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// The diagrams of docs/state.md and docs/state-reference.md are played: real events go through the real state, one column a minute.

// panel is one diagram.
type panel struct {
	name  string
	until int // minutes after nine
	said  []utterance
	rows  []row
}

// utterance is what Butlr said of the room every minute, or once.
type utterance struct {
	minute, until int // minutes after nine; until itself is left out
	kind          gateway.EventType
	people        int
}

// row is one line of a diagram: what a room with these settings shows.
type row struct {
	label string
	rules string // of gateway.toml
	show  func(*gateway.Explanation) byte
}

const (
	visitRules = "[state]\nventilation_on_delay = \"3m\"\n"
	sixMinutes = "hvac_off_delay = \"6m\"\n"
	afterHours = "[sites.site_1]\nhours = \"Sun 06:00-07:00\"\n"
)

var visit = panel{
	name: "visit", until: 42,
	said: []utterance{
		{0, 6, gateway.Occupancy, 0}, {6, 13, gateway.Occupancy, 2}, {13, 42, gateway.Occupancy, 0},
		{5, 6, gateway.MotionStarted, 0}, {14, 15, gateway.MotionEnded, 0},
	},
	rows: []row{
		{"motion", visitRules, valueOf(gateway.Motion)},
		{"lighting", visitRules, valueOf(gateway.Lighting)},
		{"hvac", visitRules, valueOf(gateway.HVAC)},
		{"ventilation", visitRules, valueOf(gateway.Ventilation)},
	},
}

var lostWhileOccupied = panel{
	name: "lost while somebody is there", until: 50,
	said: []utterance{{0, 2, gateway.Occupancy, 0}, {2, 9, gateway.Occupancy, 3}, {34, 50, gateway.Occupancy, 0}},
	rows: lossRows,
}

var lostWhileVacant = panel{
	name: "lost while nobody is there", until: 50,
	said: []utterance{{0, 9, gateway.Occupancy, 0}, {34, 50, gateway.Occupancy, 0}},
	rows: lossRows,
}

// lossRows show one output under each policy.
var lossRows = []row{
	{"feed", "[state]\n" + sixMinutes, lifeOf(gateway.PeopleFeed)},
	{"occupied", "[state]\n" + sixMinutes, valueOf(gateway.HVAC)},
	{"the same, after hours", "[state]\n" + sixMinutes + afterHours, valueOf(gateway.HVAC)},
	{"hold", "[state]\nhvac_on_loss = \"hold\"\n" + sixMinutes, valueOf(gateway.HVAC)},
	{"vacant", "[state]\nhvac_on_loss = \"vacant\"\n" + sixMinutes, valueOf(gateway.HVAC)},
	{"quality", "[state]\n" + sixMinutes, func(x *gateway.Explanation) byte { return x.Quality.String()[0] }},
}

// panels are the diagrams of each page.
var panels = map[string][]panel{statePage: {visit}, stateReference: {lostWhileOccupied, lostWhileVacant}}

func valueOf(m gateway.Measure) func(*gateway.Explanation) byte {
	return func(x *gateway.Explanation) byte {
		for _, p := range x.Points {
			if p.Measure != m {
				continue
			}
			switch r := p.Reading; {
			case !r.Known && r.Quality == gateway.Never:
				return ' '
			case !r.Known:
				return '?'
			case r.Value != 0:
				return '#'
			}
			return '.'
		}
		return ' '
	}
}

func lifeOf(f gateway.Feed) func(*gateway.Explanation) byte {
	return func(x *gateway.Explanation) byte {
		for _, feed := range x.Feeds {
			if feed.Feed == f {
				return feed.Life[0]
			}
		}
		return ' '
	}
}

var nine = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

func afterNine(minutes int) gateway.Instant {
	d := time.Duration(minutes) * time.Minute
	return gateway.Instant{Wall: nine.Add(d), Mono: time.Hour + d}
}

var roomPath = gateway.Path{
	Site: gateway.Place{ID: "site_1"}, Building: gateway.Place{ID: "building_1"},
	Floor: gateway.Place{ID: "space_1"}, Room: gateway.Place{ID: "room_1"},
}

// in returns the events of one minute.
func (p *panel) in(minute int) (events []gateway.Event) {
	for i, u := range p.said {
		if minute >= u.minute && minute < u.until {
			events = append(events, gateway.Event{
				ID: fmt.Sprint("event_", i, "_", minute), Type: u.kind, Subject: gateway.Room,
				At: afterNine(minute).Timestamp(), Path: roomPath, People: u.people,
			})
		}
	}
	return events
}

// play returns what a row shows at each minute, as soon as its events are in.
func (p *panel) play(t *testing.T, r row) string {
	t.Helper()
	c, err := config.Parse("gateway.toml", []byte("[webhook]\nlisten = \"127.0.0.1:8443\"\n"+r.rules), aMachine())
	if err != nil {
		t.Fatal(err)
	}
	start := gateway.Instant{Wall: nine.Add(-time.Hour)}
	s, err := gateway.NewState(c.Rules(), &gateway.Saved{Alive: start.Timestamp()}, start)
	if err != nil {
		t.Fatal(err)
	}
	var line strings.Builder
	for minute := range p.until {
		now := afterNine(minute)
		if err := s.Apply(now, p.in(minute)); err != nil {
			t.Fatal(err)
		}
		s.Batch()
		s.Settle(now)
		line.WriteByte(r.show(s.Explain(now, "room_1")))
	}
	return line.String()
}

const labelWidth = 24

// draw returns the diagram as the page has it.
func (p *panel) draw(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	write := func(label, line string) {
		out.WriteString(strings.TrimRight(fmt.Sprintf("%-*s%s", labelWidth, label, line), " ") + "\n")
	}
	times, ticks, counts := "", "", []byte(strings.Repeat(" ", p.until))
	for minute := 0; minute < p.until; minute += 10 {
		times += fmt.Sprintf("%-10s", nine.Add(time.Duration(minute)*time.Minute).Format("15:04"))
		ticks += fmt.Sprintf("%-10s", "|")
	}
	for minute := range counts {
		for _, e := range p.in(minute) {
			if e.Type == gateway.Occupancy {
				counts[minute] = byte('0' + e.People)
			}
		}
	}
	write("", times)
	write("", ticks)
	write("people", string(counts))
	for _, r := range p.rows {
		write(r.label, p.play(t, r))
	}
	return out.String()
}
