package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

func TestAnAssetSaysWhy(t *testing.T) {
	f := newFixture(t, building()...)
	page := f.page(t, guest, "/assets/room_4")
	says(t, page,
		`<a href="/assets/site_1"><bdi>Campus</bdi></a> › <a href="/assets/space_3"><bdi>Level 3</bdi></a>`, "<bdi>Room 10</bdi>", // where it is
		`<span class="answer vacant">vacant</span> people 0 at 11:59:00`, "a reason to doubt", "HVAC off in <b>1:30</b>", // what it says
		"people <small>in use</small>", `class="life-stale"`, "40 in and 42 out", "-2 more in than out", "3 members", // why
		"3 65535", "30150 · 40150", "3 people", "/state</code>", "superseded", "a correction came", // points and events
		`<svg class="plot"`, "The last 24 hours", "The last 31 days", "7 people all the time that there was a count.", "The numbers", // plots
		"[class.room]", "evidence", `href="/assets/zone_6"`, `data-number="4"`, "The configuration names")
	if strings.Count(page, "<svg class=\"plot\" xmlns") != 4 {
		t.Error("there are not two plots, each for a desk and for a phone")
	}
	if answer := f.visit(t, guest, "/assets/room_99", nil); answer.Code != http.StatusNotFound || !strings.Contains(answer.Body.String(), "there is no such asset.") {
		t.Errorf("an asset that there is not: %d %s", answer.Code, answer.Body)
	}
	says(t, f.page(t, guest, "/assets/group:ahu-3"), "Air handler 3")
	says(t, f.page(t, guest, "/assets/room_3"), "<li>tag <bdi>lab</bdi></li><li>tag <bdi>&lt;script&gt;")
	says(t, f.page(t, guest, "/assets/sensor_7"), "<li>an entrance</li>")
}

func TestWhatCannotBeToldIsSaid(t *testing.T) {
	f := newFixture(t, building()...)
	f.Sources.History = func(context.Context, gateway.AssetID, gateway.Timestamp, gateway.Timestamp) (*web.History, error) {
		return nil, errors.New("the disk is gone")
	}
	f.Sources.Events = func(context.Context, gateway.AssetID) ([]web.SeenEvent, error) { return nil, errors.New("too busy") }
	says(t, f.page(t, guest, "/assets/room_3"), "The history: the disk is gone.", "The newest events: too busy.")
	f.Sources = web.Sources{}
	if page := f.page(t, guest, "/assets/room_3"); strings.Contains(page, "plot") || !strings.Contains(page, "butlr/room/room_3") {
		t.Error("without sources there is a plot, or no topic")
	}
}

// What is ordered is what the form says, by whoever is logged in, and a reload of the page that follows orders
// nothing.
// Seen to break it: the author taken from the form of somebody who is logged in; no redirect.
func TestFormsOrder(t *testing.T) {
	f := newFixture(t, building()...)
	nobody := access.Visitor{Role: access.Operator}
	for _, step := range []struct {
		who    access.Visitor
		target string
		form   url.Values
		to     string
		order  string
	}{
		{anna, "/assets/room_3/force", url.Values{"target": {"occupied"}, "value": {"0"}, "for": {"90 m"}, "reason": {" test "}, "author": {"mallory"}},
			"/assets/room_3?done=forced", `force room_3 occupied 0 by "anna" for 1h30m0s: test`},
		{nobody, "/assets/room_3/force", url.Values{"target": {"people"}, "value": {"1"}, "people": {"12"}, "for": {"1h"}, "author": {"Jo"}},
			"/assets/room_3?done=forced", `force room_3 people 12 by "Jo" for 1h0m0s: `},
		{anna, "/assets/group:ahu-3/release", url.Values{"target": {"hvac"}}, "/assets/group:ahu-3?done=released", `release group:ahu-3 hvac false by "anna"`},
		{anna, "/assets/room_3/reset-estimate", url.Values{}, "/assets/room_3?done=reset", `reset room_3 by "anna"`},
	} {
		answer := f.visit(t, step.who, step.target, step.form)
		if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != step.to {
			t.Errorf("%s: %d to %q, want %q", step.target, answer.Code, answer.Header().Get("Location"), step.to)
		}
		if diff := cmp.Diff([]string{step.order}, f.archive.orders); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.target, diff)
		}
		f.archive.orders = nil
	}
	says(t, f.page(t, anna, "/assets/room_3?done=forced"), "The override is in force.")
	if page := f.page(t, anna, "/assets/room_3?done=%3Cb%3E"); strings.Contains(page, `class="done"`) {
		t.Error("an address says what the page says")
	}
}

// What could not be done is said on the page that it was asked on, with everything as it was filled in.
func TestAFormThatCannotBeObeyedComesBack(t *testing.T) {
	f := newFixture(t, building()...)
	for _, c := range []struct {
		form url.Values
		code int
		want string
	}{
		{url.Values{"target": {"people"}, "people": {""}}, 400, "How many people there are is missing"},
		{url.Values{"target": {"people"}, "people": {"many"}}, 400, "is no number: use digits only"},
		{url.Values{"target": {"hvac"}, "value": {"1"}, "for": {"a while"}, "reason": {"<b>why"}}, 400, "use a duration such as"},
		{url.Values{"target": {"nothing"}, "value": {"1"}}, 400, "is none"},
	} {
		answer := f.visit(t, anna, "/assets/room_3/force", c.form)
		if answer.Code != c.code || len(f.archive.orders) > 0 {
			t.Errorf("%v: %d, ordered %q", c.form, answer.Code, f.archive.orders)
		}
		says(t, answer.Body.String(), "Nothing was forced. ", c.want)
		if c.form.Get("reason") != "" {
			says(t, answer.Body.String(), `value="&lt;b&gt;why"`, `<option value="hvac" selected>`, `value="a while"`)
		}
	}
	f.archive.fails = gateway.ErrNotStored
	if answer := f.visit(t, anna, "/assets/room_3/release", url.Values{}); answer.Code != http.StatusServiceUnavailable {
		t.Errorf("a gateway that cannot store: %d", answer.Code)
	}
	if answer := f.visit(t, anna, "/assets/room_3/force", url.Values{"reason": {strings.Repeat("x", longestForm)}}); answer.Code != http.StatusBadRequest {
		t.Errorf("a form without end: %d", answer.Code)
	}
}
