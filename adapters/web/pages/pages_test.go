package pages

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// everyPage lists one of each kind.
func everyPage(t *testing.T, f *fixture) []string {
	walk, err := f.Walks.Start(t.Context(), "Walk "+hostile, "AN")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Walks.Check(t.Context(), walk.ID, web.CheckOrder{Asset: "room_3", Expected: "occupied", Note: hostile, Initials: "B<b>"}); err != nil {
		t.Fatal(err)
	}
	return []string{"/", "/?q=Room&sort=-people&kind=room&quality=good", "/assets/room_3", "/walks", "/walks/" + walk.ID, "/polls", "/health", "/audit", "/points", "/nowhere", "/assets/room_99", "/walks/none"}
}

// Every page is well-formed and loads nothing but its own files; no name in it is anything but text, whoever
// looks; there is no style and no script in it, which the policy of the server would refuse.
// Seen to break it: visible left out of a topic, and of an author; a style attribute.
func TestHostileNamesAreText(t *testing.T) {
	f := newFixture(t, building()...)
	f.alarms.Raise(gateway.BrokerDown, hostile)
	for _, target := range everyPage(t, f) {
		for _, who := range []string{"anna", "guest"} {
			visitor := anna
			visitor.Name = hostile
			if who == "guest" {
				visitor = guest
			}
			body := f.visit(t, visitor, target, nil).Body.String()
			for _, never := range []string{"<script>alert", "<img", "\u202e", "\x07", "javascript:"} {
				if strings.Contains(body, never) {
					t.Errorf("%s for %s has %q in it", target, who, never)
				}
			}
			lookAt(t, target, body)
		}
	}
}

var ownAddress = regexp.MustCompile(`^(#|\?|/([^/\\]|$))`)

// lookAt walks through a page.
func lookAt(t *testing.T, target, body string) {
	t.Helper()
	ids := map[string]bool{}
	for z := html.NewTokenizer(strings.NewReader(body)); ; {
		if z.Next() == html.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				t.Errorf("%s: %v", target, z.Err())
			}
			return
		}
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		if token.Data == "style" {
			t.Errorf("%s has a style of its own", target)
		}
		for _, a := range token.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
				t.Errorf("%s: <%s %s=%q>", target, token.Data, a.Key, a.Val)
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && !ownAddress.MatchString(a.Val):
				t.Errorf("%s: <%s> leads to %q", target, token.Data, a.Val)
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("%s has two of the id %q", target, a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			}
		}
	}
}

func TestEveryPageSaysWhereItIs(t *testing.T) {
	f := newFixture(t, building()...)
	for _, target := range []string{"/", "/walks", "/polls", "/points", "/health", "/audit"} {
		page := f.page(t, anna, target)
		says(t, page, `href="`+target+`" aria-current="page"`, "<bdi>anna</bdi>, operator", "Log out", ">well</a>", `<a class="skip" href="#main">`)
	}
	page := f.page(t, guest, "/")
	says(t, page, "viewer")
	if strings.Contains(page, "Log out") {
		t.Error("somebody who did not log in may log out")
	}
	f.alarms.Raise(gateway.BrokerDown, "refused")
	says(t, f.page(t, guest, "/"), "doubt", ">1 alarm</a>")
	f.alarms.Raise(gateway.JournalFailing, "disk full")
	says(t, f.page(t, guest, "/"), "bad", ">cannot store</a>")
	if answer := f.visit(t, guest, "/nowhere", nil); answer.Code != http.StatusNotFound || !strings.Contains(answer.Body.String(), "There is no such page.") {
		t.Errorf("a page that there is not: %d", answer.Code)
	}
}

// What only operators may do is refused to others, and not offered.
// Seen to break it: a route without operators.
func TestOnlyOperatorsChangeAnything(t *testing.T) {
	f := newFixture(t, building()...)
	walk, err := f.Walks.Start(t.Context(), "", "AN")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"/assets/room_3/force", "/assets/room_3/release", "/assets/room_3/reset-estimate", "/points/plan", "/points/import",
		"/walks", "/walks/" + walk.ID + "/check", "/walks/" + walk.ID + "/undo", "/walks/" + walk.ID + "/end", "/walks/" + walk.ID + "/delete",
	} {
		answer := f.visit(t, guest, target, map[string][]string{"asset": {"room_3"}, "sure": {"yes"}})
		if answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), "Only operators may do this") {
			t.Errorf("%s: %d", target, answer.Code)
		}
	}
	for _, target := range []string{"/assets/room_3", "/points", "/walks", "/walks/" + walk.ID} {
		page := f.page(t, guest, target)
		if strings.Contains(page, `method="post"`) {
			t.Errorf("%s offers a viewer what only operators may do", target)
		}
		says(t, page, "perators")
	}
	if len(f.archive.orders)+len(f.points.asked) > 0 {
		t.Errorf("a viewer had done %q %q", f.archive.orders, f.points.asked)
	}
}

// Files may be kept for ever under the address that has their version, and no other.
func TestFilesAreKeptUnderTheirVersion(t *testing.T) {
	f := newFixture(t)
	for name := range f.files.content {
		address, err := f.files.address(name)
		if err != nil {
			t.Fatal(err)
		}
		fresh, old := f.visit(t, guest, address, nil), f.visit(t, guest, "/page/"+name+"?v=old", nil)
		if fresh.Code != 200 || !strings.Contains(fresh.Header().Get("Cache-Control"), "immutable") || fresh.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d, %v", name, fresh.Code, fresh.Header())
		}
		if strings.Contains(old.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s is kept under a version that it does not have", name)
		}
		for _, elsewhere := range []string{"http://", "https://", "innerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			text := strings.ReplaceAll(fresh.Body.String(), "http://www.w3.org/2000/svg", "")
			if strings.Contains(text, elsewhere) {
				t.Errorf("%s has %s in it", name, elsewhere)
			}
		}
	}
	if answer := f.visit(t, guest, "/page/..%2fpages.go", nil); answer.Code != http.StatusNotFound {
		t.Errorf("another file: %d", answer.Code)
	}
}

func TestHealthSaysWhatToDo(t *testing.T) {
	f := newFixture(t, building()...)
	f.alarms.Raise(gateway.JournalFailing, "disk full")
	says(t, f.page(t, guest, "/health"), "journal_failing", "Disk full.", "Make room on the disk", "It has no timestamp", "1 × timestamp missing",
		"5 GiB", "3 MiB of at most 2 GiB", "The webhook", "0123abcd", "Modbus TCP", "silence is never a loss", "boot 3",
		"Pull mode: no motion.", "of 40 floors, rooms and zones and of 6 traffic sensors; traffic was corrected later by 1 person, which is not taken", "It fails: it answered ",
		"12 minutes of places; motion cannot be asked for.", "It fails: down", "Traffic differs at ", "7 requests since the start.")
	f.hub.err = gateway.ErrStopped
	says(t, f.page(t, guest, "/health"), "The gateway does not answer: The gateway is stopping.", "journal_failing")
	for alarm := range gateway.Alarm(gateway.AlarmCount) {
		if alarmMeanings[alarm] == "" {
			t.Errorf("nobody says what %s means", alarm)
		}
	}
}

// Sensors and hives are shown with what is known of their health, on the page of what they serve and on that of the
// gateway. What they are called is text.
//
// Seen to break it: devices left out of a page; a name not escaped; an answer that did not come yet shown as none offline.
func TestPagesShowTheSensorsHealth(t *testing.T) {
	f := newFixture(t, building()...)
	says(t, f.page(t, guest, "/assets/room_3"), "Its sensors", "offline", "11:59:00", "not known", "hive")
	f.hub.health = new(gateway.HealthReport)
	says(t, f.page(t, guest, "/health"), "Sensors and hives", "Butlr has not told yet how they are.")
	f.hub.health.Devices = []gateway.Device{
		{ID: "sensor_9", Name: hostile, Room: "room_1", Heartbeat: noon.Add(-time.Hour)},
		{ID: "sensor_8", Name: "Ceiling", Room: "room_1", Online: true},
		{ID: "hive_1", Hive: true, Serial: "H-17", Floor: gateway.AssetID(hostile), Online: false},
	}
	body := f.page(t, guest, "/health")
	says(t, body, "Sensors and hives", "<dt>Sensors</dt><dd>2, <b class=\"bad-text\">1 offline</b>", "<dt>Hives</dt><dd>1, <b class=\"bad-text\">1 offline</b>", "H-17", "11:00:00", "its sensors' health: 1 of 2 offline")
	if strings.Contains(body, "<script>alert") || strings.Contains(body, "\u202e") || strings.Contains(body, "Ceiling") {
		t.Errorf("a name is not text, or who is online is listed:\n%s", body)
	}
	lookAt(t, "/health", f.visit(t, guest, "/health", nil).Body.String())
}

// A range is told by the first and the last asset that it touches.
// Seen to break it: blocks that only begin in the range; unit 255 taken for a unit of its own.
func TestPollsAreAboutAssets(t *testing.T) {
	f := newFixture(t, building()...)
	page := f.page(t, guest, "/polls")
	says(t, page, "147–163", `<bdi>Level 10</bdi></a> to <a href="/assets/room_3">`, "2 assets", "every 1 s", "the unit’s header, <a href=\"/assets/site_1\">", "once so far",
		"10.20.0.&lt;b&gt;", "over rtu over tcp", "not connected", "subscribers see “offline”", "1200", "failing", "the device is &lt;busy&gt;", "register 1700 = 4x1701")
	if p := meaning(web.ModbusPoll{Unit: 1, Table: "input", Address: 148, Count: 16}, f.blocks()); p.Assets != 1 || p.First.ID != "room_3" {
		t.Errorf("a whole block is %d assets, the first %+v", p.Assets, p.First)
	}
}

// A master that reads columns is told whose value it reads, and which; one that reads bits as well.
// Seen to break it: names that are taken for one register each; the unit of columns not that of its blocks; a column of
// bits called as that of words is.
func TestColumnsAreAboutAssetsToo(t *testing.T) {
	f := newFixture(t, building()...)
	for _, c := range []struct {
		poll        web.ModbusPoll
		column      string
		first, last gateway.AssetID
		assets      int
	}{
		{web.ModbusPoll{Unit: 101, Table: "input", Address: 8192 + 3, Count: 2}, "people", "room_3", "room_4", 2},
		{web.ModbusPoll{Unit: 101, Table: "holding", Address: 28672 + 8*3, Count: 16}, "name", "room_3", "room_4", 2},
		{web.ModbusPoll{Unit: 101, Table: "holding", Address: 28672 + 8*1000, Count: 8}, "name", "", "", 0},
		{web.ModbusPoll{Unit: 101, Table: "coil", Address: 8192 + 3, Count: 1}, "lighting", "room_3", "room_3", 1},
		{web.ModbusPoll{Unit: 101, Table: "discrete", Address: 24576, Count: 1}, "", "", "", 0},
		{web.ModbusPoll{Unit: 101, Table: "input", Address: 100, Count: 16}, "", "", "", 0},
		{web.ModbusPoll{Unit: 1, Table: "discrete", Address: 148, Count: 16}, "", "room_3", "room_3", 1},
	} {
		got := meaning(c.poll, f.blocks())
		var first, last gateway.AssetID
		if got.First != nil {
			first, last = got.First.ID, got.Last.ID
		}
		if got.Column != c.column || first != c.first || last != c.last || got.Assets != c.assets {
			t.Errorf("%+v: column %q, %d assets from %q to %q", c.poll, got.Column, got.Assets, first, last)
		}
	}
}

func TestTheAuditSaysWhoDidWhat(t *testing.T) {
	f := newFixture(t, building()...)
	says(t, f.page(t, guest, "/audit"), "10 Mar 2026 11:59:00", "reset estimate", `href="/assets/room_3"`)
}

func TestSizesAndTimesAreWordsOfPeople(t *testing.T) {
	for want, got := range map[string]string{
		"0 bytes": byteCount(0), "1023 bytes": byteCount(1023), "1 KiB": byteCount(uint64(1024)), "1.5 MiB": byteCount(int64(3 << 19)), "2 TiB": byteCount(int64(2 << 40)),
		"119 s": age(119 * time.Second), "2 min": age(2 * time.Minute), "47 h": age(47 * time.Hour), "3 d": age(80 * time.Hour),
		"1:05": left(65), "1 event": plural(1, "event"), "0 events": plural(uint64(0), "event"), `a\u202eb\n`: visible("a\u202eb\n"), "É t.": sentence("é t"),
		"? people": peopleText(nil), "1 person": counted(new(1)), "0 people": peopleText(new(int64(0))), "Page": capital("page"), "": capital(""),
		"this machine": zone("Local"), "Europe/Amsterdam": zone("Europe/Amsterdam"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
