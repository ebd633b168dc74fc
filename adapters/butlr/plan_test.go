package butlr_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
)

// aWish is what the gateways of the tests want.
func aWish() *butlr.Wish {
	return &butlr.Wish{Gateway: "0badcafe", Subscription: butlr.Subscription{
		Events: []string{"ROOM_OCCUPANCY", "TRAFFIC"}, URL: "https://bms.example.org/hook", Timeout: 10 * time.Second,
		Header: "X-Api-Key", Value: butlr.NewSecret("value-of-the-header"),
	}}
}

// asWished is the same as Butlr has it.
func asWished() butlrtest.Webhook {
	return butlrtest.Webhook{
		Name: "butlr-gateway 0badcafe", EventTypes: []string{"ROOM_OCCUPANCY", "TRAFFIC"}, URL: "https://bms.example.org/hook", Timeout: 10,
		Key: "X-Api-Key", Value: "value-of-the-header",
	}
}

// planned is a plan in words.
func planned(p *butlr.Plan) (words []string) {
	for _, c := range p.Collisions {
		words = append(words, fmt.Sprintf("%s has %v", c.With.Name, c.Events))
	}
	for _, s := range p.Steps {
		of := s.After
		if s.Before != nil {
			of = s.Before
		}
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s: %s", s.Deed, of.Name, strings.Join(s.Changes, ", "))))
	}
	return words
}

// TestPlans has what is there, and what would be done.
//
// Seen to break it: ours told by the address; a name that only begins like ours taken for it; types compared letter
// by letter; what Butlr does not tell taken for another; the rest of a subscription that gives way thrown away.
func TestPlans(t *testing.T) {
	change := func(f func(*butlrtest.Webhook)) butlrtest.Webhook {
		w := asWished()
		f(&w)
		return w
	}
	other := butlrtest.Webhook{ID: "w9", Name: "Workplace app", EventTypes: []string{"TRAFFIC", "DETECTIONS"}, URL: "https://app.example.org/hook?token=canary", Timeout: 3}
	tests := []struct {
		name     string
		there    []butlrtest.Webhook
		takeOver bool
		want     []string
	}{
		{name: "nothing is there", want: []string{"create butlr-gateway 0badcafe:"}},
		{name: "it is there", there: []butlrtest.Webhook{asWished()}},
		{name: "it is there, in another order and spelling", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) {
			w.EventTypes, w.Key = []string{"traffic", "Room_Occupancy"}, "x-api-key"
		})}},
		{name: "with a remark in its name", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) { w.Name += " (Maas house, ask Facilities)" })}},
		{name: "what is not told", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) { w.Timeout = 0; w.Filters = map[string]any{"site": []string{}} })}},
		{name: "another gateway's", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) { w.Name += "1" })},
			want: []string{"butlr-gateway 0badcafe1 has [ROOM_OCCUPANCY TRAFFIC]", "create butlr-gateway 0badcafe:"}},
		{name: "everything is otherwise", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) {
			w.EventTypes, w.URL, w.Timeout = []string{"TRAFFIC", "CO2"}, "https://old.example.org/canary", 5
			w.Key, w.Value, w.Username, w.Password = "X-Old", "old", "u", "p"
			w.Filters, w.OnChange = map[string]any{"site": []string{"s1"}}, true
		})}, want: []string{"update butlr-gateway 0badcafe: gets ROOM_OCCUPANCY, loses CO2, sends to https://bms.example.org/hook instead of https://old.example.org/…, " +
			"gets the header X-Api-Key instead of X-Old, loses the user and the password, waits 10s for an answer instead of 5s, sends counts every minute, gets no filters instead of the filters site s1"}},
		{name: "another secret", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) { w.Value = "another" })},
			want: []string{"update butlr-gateway 0badcafe: gets another value of the header X-Api-Key"}},
		{name: "no secret", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) { w.Key = "" })},
			want: []string{"update butlr-gateway 0badcafe: gets the header X-Api-Key"}},
		{name: "filters that nobody documented", there: []butlrtest.Webhook{change(func(w *butlrtest.Webhook) { w.Filters = []any{"s1"} })},
			want: []string{"update butlr-gateway 0badcafe: gets no filters instead of filters of an unknown form"}},
		{name: "two of them", there: []butlrtest.Webhook{asWished(), {Name: "butlr-gateway 0badcafe", EventTypes: []string{"DETECTIONS"}}},
			want: []string{"delete butlr-gateway 0badcafe: there is another of this gateway"}},
		{name: "somebody else's, about other events", there: []butlrtest.Webhook{asWished(), {Name: "x", EventTypes: []string{"DETECTIONS", "ROOM_OCCUPANCY_1MIN"}}}},
		{name: "somebody else's", there: []butlrtest.Webhook{other}, want: []string{"Workplace app has [TRAFFIC]", "create butlr-gateway 0badcafe:"}},
		{name: "somebody else's, who gives way", there: []butlrtest.Webhook{other}, takeOver: true,
			want: []string{"Workplace app has [TRAFFIC]", "release Workplace app: loses TRAFFIC", "create butlr-gateway 0badcafe:"}},
		{name: "somebody else's, who is left with nothing", there: []butlrtest.Webhook{{Name: "x", EventTypes: []string{"traffic"}}}, takeOver: true,
			want: []string{"x has [TRAFFIC]", "remove x: nothing is left of it without TRAFFIC", "create butlr-gateway 0badcafe:"}},
	}
	for _, test := range tests {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			for _, w := range test.there {
				api.Subscribe(w)
			}
			there, err := c.Subscriptions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			plan := aWish().Plan(there, test.takeOver)
			if diff := cmp.Diff(test.want, planned(plan)); diff != "" {
				t.Errorf("%s: -want +got:\n%s", test.name, diff)
			}
			if blocked := len(plan.Collisions) > 0 && !test.takeOver; plan.Blocked() != blocked {
				t.Errorf("%s: blocked is %v", test.name, plan.Blocked())
			}
		})
	}
}

// TestAPlanThatIsDoneLeavesNothingToDo draws what there is, and does what is planned, in either spelling of inputs:
// then there is nothing left to do, and of everybody else's only what was to give way has changed, secrets and all.
//
// Seen to break it: camelCase not tried; a null not sent for the header that is to go; filters that are to go left
// out; what gives way sent without its secrets; the step for those who give way put last.
func TestAPlanThatIsDoneLeavesNothingToDo(t *testing.T) {
	types := []string{"ROOM_OCCUPANCY", "TRAFFIC", "DETECTIONS", "PIR_MOTION", "ZONE_OCCUPANCY_1MIN"}
	rapid.Check(t, func(r *rapid.T) {
		var before []butlrtest.Webhook
		free := rapid.Permutation(types).Draw(r, "types")
		for len(free) > 0 && rapid.Bool().Draw(r, "one more") {
			n := rapid.IntRange(1, len(free)).Draw(r, "how many")
			w := butlrtest.Webhook{
				ID: fmt.Sprintf("w%d", len(before)), EventTypes: slices.Clone(free[:n]), Timeout: rapid.IntRange(1, 15).Draw(r, "timeout"),
				Name: rapid.SampledFrom([]string{"butlr-gateway 0badcafe", "butlr-gateway 0badcafe x", "butlr-gateway 0badcaff", "app"}).Draw(r, "name"),
				URL:  rapid.SampledFrom([]string{"https://bms.example.org/hook", "https://app.example.org/"}).Draw(r, "url"),
				Key:  rapid.SampledFrom([]string{"", "X-Api-Key", "X-Other"}).Draw(r, "header"), OnChange: rapid.Bool().Draw(r, "on change"),
				Username: rapid.SampledFrom([]string{"", "u"}).Draw(r, "user"),
			}
			if w.Key != "" {
				w.Value = rapid.SampledFrom([]string{"value-of-the-header", "another"}).Draw(r, "value")
			}
			if w.Username != "" {
				w.Password = "p"
			}
			if rapid.Bool().Draw(r, "filters") {
				w.Filters = map[string]any{"site": []any{"s1"}}
			}
			before, free = append(before, w), free[n:]
		}
		basic := rapid.Bool().Draw(r, "basic")
		camel, takeOver := rapid.Bool().Draw(r, "camelCase"), rapid.Bool().Draw(r, "take over")
		synctest.Test(t, func(t *testing.T) {
			api := butlrtest.New(testID, testSecret)
			api.CamelInputs = camel
			for _, w := range before {
				api.Subscribe(w)
			}
			c, wish := clientOf(t, api.Direct(), 1000, new(bytes.Buffer)), aWish()
			if basic {
				wish.Header, wish.Value, wish.Username, wish.Password = "", butlr.Secret{}, "u", butlr.NewSecret("password")
			}
			plan := planOf(t, c, wish, takeOver)
			if plan.Blocked() {
				return
			}
			for _, s := range plan.Steps {
				if err := c.Apply(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			if left := planned(planOf(t, c, wish, takeOver)); left != nil {
				t.Errorf("there is still to do: %v", left)
			}
			checkOthers(t, wish, before, api.Webhooks())
		})
		if t.Failed() {
			r.FailNow()
		}
	})
}

func planOf(t *testing.T, c *butlr.Client, w *butlr.Wish, takeOver bool) *butlr.Plan {
	t.Helper()
	there, err := c.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w.Plan(there, takeOver)
}

// checkOthers demands that those of others lost the events of the wish and nothing else.
func checkOthers(t *testing.T, wish *butlr.Wish, before, after []butlrtest.Webhook) {
	t.Helper()
	foreign := func(w butlrtest.Webhook) bool { return !wish.Owns(&butlr.Subscription{Name: w.Name}) }
	var want, got []butlrtest.Webhook
	for _, w := range before {
		w.EventTypes = slices.DeleteFunc(slices.Clone(w.EventTypes), func(e string) bool { return slices.Contains(wish.Events, e) })
		if foreign(w) && len(w.EventTypes) > 0 {
			want = append(want, w)
		}
	}
	for _, w := range after {
		if foreign(w) {
			got = append(got, w)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of others (-before +after):\n%s", diff)
	}
}

// TestAChangeIsNotMadeTwice has trouble when something is to be changed: it is sent again only where it was
// certainly not done.
//
// Seen to break it: a change sent again after 500; one given up on after 429.
func TestAChangeIsNotMadeTwice(t *testing.T) {
	for _, test := range []struct {
		name     string
		trouble  []http.HandlerFunc
		creates  int
		perhaps  bool
		succeeds bool
	}{
		{"too many requests", []http.HandlerFunc{butlrtest.Status(429, "1")}, 2, false, true},
		{"a token that is not taken", []http.HandlerFunc{butlrtest.Status(401, "")}, 2, false, true},
		{"a failure", []http.HandlerFunc{butlrtest.Status(502, "")}, 1, true, false},
		{"no answer", []http.HandlerFunc{func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}, 1, true, false},
		{"half an answer", []http.HandlerFunc{butlrtest.Text(`{"da`)}, 1, true, false},
	} {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			plan := planOf(t, c, aWish(), false)
			before := count(api, ask)
			api.Trouble(test.trouble...)
			err := c.Apply(t.Context(), plan.Steps[0])
			down, _ := errors.AsType[*butlr.Down](err)
			if (err == nil) != test.succeeds || (down != nil && down.Perhaps) != test.perhaps {
				t.Errorf("%s: %v", test.name, err)
			}
			if got := count(api, ask) - before; got != test.creates {
				t.Errorf("%s: sent %d times, want %d", test.name, got, test.creates)
			}
		})
	}
}

// TestAFormThatIsRefusedTwiceIsToldOnce has an event that the API does not know: no spelling helps, and what is
// told is what was wrong first.
//
// Seen to break it: the refusal of the second spelling told.
func TestAFormThatIsRefusedTwiceIsToldOnce(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		wish := aWish()
		wish.Events = []string{"CO2_LEVEL"}
		err := c.Apply(t.Context(), planOf(t, c, wish, false).Steps[0])
		if err == nil || !strings.Contains(err.Error(), `creating the subscription "butlr-gateway 0badcafe": Butlr's API refused: `) || !strings.Contains(err.Error(), `"CO2_LEVEL" does not exist`) {
			t.Errorf("got %v", err)
		}
	})
}

// TestADeletionThatWasNone has an API that says that it deleted nothing.
//
// Seen to break it: the answer not looked at.
func TestADeletionThatWasNone(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		api.Subscribe(asWished())
		there, err := c.Subscriptions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		plan := aWish().PlanDelete(there)
		for _, answer := range []string{`{"data":{"deleteWebhooks":false}}`, `{"data":{"deleteWebhooks":null}}`} {
			api.Trouble(butlrtest.Text(answer))
			if err := c.Apply(t.Context(), plan.Steps[0]); err == nil || !strings.HasSuffix(err.Error(), "the answer is that it was not") {
				t.Errorf("%s: got %v", answer, err)
			}
		}
		if err := c.Apply(t.Context(), plan.Steps[0]); err != nil || len(api.Webhooks()) != 0 {
			t.Errorf("%v; left are %v", err, api.Webhooks())
		}
	})
}
