package pages

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// A walk from its beginning to its end, as a phone without a script does it.
func TestAWalkIsRecorded(t *testing.T) {
	f := newFixture(t, building()...)
	post := func(target string, form url.Values, want string) string {
		t.Helper()
		answer := f.visit(t, anna, target, form)
		to := answer.Header().Get("Location")
		if answer.Code != http.StatusSeeOther || !strings.HasPrefix(to, want) {
			t.Fatalf("%s: %d to %q, want %q\n%s", target, answer.Code, to, want, answer.Body)
		}
		return to
	}
	at, _, _ := strings.Cut(post("/walks", url.Values{"name": {"Level 3"}, "author": {"AN"}}, "/walks/"), "?")
	page := f.page(t, anna, at)
	says(t, page, "<b>0</b> of <b>3</b> rooms", `<bdi>Level 3</bdi> <b>0/3</b>`, `id="room-room_3"`, "I see people", "It is empty", "unit 1 / 148", "occupied</b>, 3 people")
	if strings.Contains(page, `id="room-zone_6"`) || strings.Contains(page, `id="room-sensor_7"`) {
		t.Error("a zone in a room, or a sensor, is looked into by itself")
	}
	post(at+"/check", url.Values{"asset": {"room_3"}, "floor": {"space_3"}, "expected": {"occupied"}, "people": {"3"}, "note": {"door open"}}, at+"?floor=space_3#room-room_3")
	post(at+"/check", url.Values{"asset": {"room_4"}, "floor": {"space_3"}, "expected": {"occupied"}}, at+"?floor=space_3#room-room_4")
	post(at+"/check", url.Values{"asset": {"room_5"}, "floor": {"space_3"}, "expected": {"occupied"}, "initials": {"JO"}}, at)
	page = f.page(t, anna, at+"?floor=space_3")
	says(t, page, "<b>3</b> of <b>3</b> rooms", "✓ agrees", "✗ differs", "? not known", `class="room agrees"`, `class="room differs"`, "words <code>0 3 65535</code>",
		"door open", "<bdi>AN</bdi>", "<bdi>JO</bdi>", "1 / 148 = 30149", `href="/api/v1`+at+`?format=csv"`, "Commissioning engineer")
	post(at+"/undo", url.Values{"asset": {"room_4"}, "floor": {"space_3"}}, at)
	says(t, f.page(t, anna, at), "<b>2</b> of <b>3</b> rooms")
	for _, wrong := range []url.Values{{"asset": {"room_3"}, "expected": {"perhaps"}}, {"asset": {"room_3"}, "expected": {"occupied"}, "people": {"some"}}, {"asset": {"room_99"}, "expected": {"vacant"}}} {
		if answer := f.visit(t, anna, at+"/check", wrong); answer.Code < 400 || answer.Code > 499 {
			t.Errorf("%v: %d", wrong, answer.Code)
		}
	}
	post(at+"/end", url.Values{}, at+"?done=ended")
	if page := f.page(t, anna, at); strings.Contains(page, "I see people") || !strings.Contains(page, "door open") {
		t.Error("a walk that has ended goes on, or lost what was recorded")
	}
	says(t, f.page(t, anna, "/walks"), "Level 3", `href="`+at+`"`)
	if answer := f.visit(t, anna, at+"/delete", url.Values{}); answer.Code != http.StatusBadRequest {
		t.Errorf("deleted without being asked: %d", answer.Code)
	}
	post(at+"/delete", url.Values{"sure": {"yes"}}, "/walks?done=deleted")
	if answer := f.visit(t, anna, at, nil); answer.Code != http.StatusNotFound {
		t.Errorf("a walk that is deleted: %d", answer.Code)
	}
}
