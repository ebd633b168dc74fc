package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"butlr-gateway/cmd/internal/building"
	"butlr-gateway/cmd/internal/poster"
	"butlr-gateway/gateway"
)

// figures, in the environment, has the page measured. Nothing is asserted: they are for somebody to read, beside what
// else the machine did.
const figures = "BUTLR_GATEWAY_FIGURES"

// How fast the page is with 5 000 assets: its first paint, until it is live, an event after its 204, a filter, an order.
func TestFiguresOfThePage(t *testing.T) {
	if os.Getenv(figures) == "" {
		t.Skipf("%s is not set", figures)
	}
	chromium(t)
	s := newSite(t, fmt.Sprintf("[web]\nlisten = \"127.0.0.1:0\"\npassword = %q\n", pagePassword))
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.config, []byte(strings.Replace(string(text), "[webhook]", "[webhook]\nmax_unknown_assets = 0", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.inhabit(t, 3620)
	b := newWindow(t, s.address("page"), 1400, "light")
	b.logIn("anna")
	t.Logf("%d assets; load %s", script[int](b, "counting assets", `fetch("/api/v1/assets").then((r) => r.json()).then((l) => l.assets.length)`), load())
	b.paints(9)
	b.shown(s, 100)
	b.open("/")
	b.until("the stream", isLive)
	b.timed("a letter more in the search", `search.value = "Room 1" + i; search.dispatchEvent(new Event("input", {bubbles: true}))`)
	b.timed("the search taken away", `search.value = ""; search.dispatchEvent(new Event("input", {bubbles: true}))`)
	b.timed("only one kind", `kind.value = i % 2 ? "room" : "zone"; kind.dispatchEvent(new Event("change", {bubbles: true}))`)
	b.timed("another kind again", `kind.value = ""; kind.dispatchEvent(new Event("change", {bubbles: true}))`)
	for _, column := range []string{"name", "people", "age", "topic"} {
		b.timed("order by "+column, fmt.Sprintf(`document.querySelector("[data-sort=%s]").click()`, column))
	}
	t.Logf("load %s", load())
}

// inhabit has a building of so many rooms send what it sent in the last minutes.
func (s *site) inhabit(t *testing.T, rooms int) {
	t.Helper()
	now := time.Now()
	estate, err := building.New(building.Options{Seed: 1, Sites: 1, Rooms: rooms, Start: now.Add(-3 * time.Minute), Place: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	post, err := poster.New(poster.Options{URL: s.address("webhook"), HeaderName: "X-Api-Key", HeaderValue: testSecret, Batch: 200})
	if err != nil {
		t.Fatal(err)
	}
	post.Run(t.Context(), slices.Values([][]gateway.Event{estate.Advance(now)}))
}

// load is how busy the machine is, where that can be read.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// told logs the median and the extremes of some times in milliseconds.
func (b *window) told(what string, times []float64) {
	b.t.Helper()
	slices.Sort(times)
	b.t.Logf("%-32s median %6.1f ms, from %.1f to %.1f (%d)", what, times[len(times)/2], times[0], times[len(times)-1], len(times))
}

// paints loads the table again and again.
func (b *window) paints(n int) {
	b.t.Helper()
	var answered, paint, live []float64
	for range n {
		b.open("/")
		live = append(live, script[float64](b, "waiting until it is live", `new Promise((done) => { const look = () => `+isLive+` ? done(performance.now()) : requestAnimationFrame(look); look(); })`))
		paint = append(paint, script[float64](b, "reading the first paint", `new Promise((done) => {
  const look = (entries) => entries.filter((e) => e.name === "first-contentful-paint").forEach((e) => done(e.startTime));
  new PerformanceObserver((list) => look(list.getEntries())).observe({type: "paint", buffered: true});
})`))
		answered = append(answered, script[float64](b, "reading the answer", `performance.getEntriesByType("navigation")[0].responseEnd`))
	}
	b.told("the page answered", answered)
	b.told("first contentful paint", paint)
	b.told("live", live)
	b.t.Logf("bytes: page %d, list %d", script[int](b, "reading a size", `performance.getEntriesByType("navigation")[0].decodedBodySize`),
		script[int](b, "reading a size", `performance.getEntriesByType("resource").find((e) => e.name.endsWith("/api/v1/assets")).decodedBodySize`))
}

// shown posts events about a room, and logs how long after its answer each was painted in the table.
func (b *window) shown(s *site, n int) {
	b.t.Helper()
	s.accepted(payload(b.t, "ROOM_OCCUPANCY", time.Now().Add(-time.Duration(n+1)*time.Second)))
	b.open("/?q=Boardroom+Erasmus")
	b.until("the stream", isLive+` && document.querySelector(".kind-room td.people")?.textContent === "6"`)
	script[bool](b, "watching the room", `(() => {
  window.painted = {};
  const look = () => {
    const people = document.querySelector(".kind-room td.people").textContent;
    painted[people] ??= Date.now();
    requestAnimationFrame(look);
  };
  look();
  return true;
})()`)
	var times []float64
	for i := range n {
		body := changed(b.t, payload(b.t, "ROOM_OCCUPANCY", time.Now().Add(-time.Duration(n-i)*time.Second)), map[string]any{"data": 100 + i})
		s.accepted(body)
		answered := time.Now()
		b.until("the event", fmt.Sprintf(`painted[%d]`, 100+i))
		at := script[float64](b, "reading when it was painted", fmt.Sprintf(`painted[%d]`, 100+i))
		times = append(times, max(0, at-float64(answered.UnixMicro())/1000))
	}
	b.told("an event, after its 204", times)
}

// timed logs how long a script and the frame after it take, with the table's search and kind at hand.
func (b *window) timed(what, do string) {
	b.t.Helper()
	var times []float64
	for i := range 21 {
		times = append(times, script[float64](b, what, fmt.Sprintf(`new Promise((done) => {
  const i = %d, {q: search, kind} = document.querySelector("[data-filter]").elements;
  requestAnimationFrame(() => {
    const began = performance.now();
    %s;
    document.body.offsetHeight;
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  });
})`, i, do)))
	}
	b.told(what, times)
}
