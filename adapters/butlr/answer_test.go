package butlr_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
)

// TestWarts has answers as they may come, and what is made of them: what is documented, and forms that nobody
// promised not to send.
//
// Seen to break it: errors looked for only without data; rows below data not looked for; a null row taken for the
// end; filters in a text taken for none.
func TestWarts(t *testing.T) {
	const whole = `{"id":"w1","name":"a","event_types":["TRAFFIC"],"endpoint_config":{"url":"https://a/b","http_timeout":5,"api_key":{"key":"X","value":"v"},"basic_auth":{"username":"u","password":"p"}},"filters":{"site":["s2","s1"],"room":[]},"send_on_value_change":true}`
	is := butlr.Subscription{
		ID: "w1", Name: "a", Events: []string{"TRAFFIC"}, URL: "https://a/b", Timeout: 5 * time.Second, Header: "X", Value: butlr.NewSecret("v"),
		Username: "u", Password: butlr.NewSecret("p"), Filters: map[string][]string{"site": {"s1", "s2"}}, OnChange: true,
	}
	bare := butlr.Subscription{ID: "w1"}
	tests := []struct {
		name, answer string
		want         []butlr.Subscription
		refused      string // what is said
		partial      bool
	}{
		{name: "a list", answer: `{"data":{"webhooks":[` + whole + `]}}`, want: []butlr.Subscription{is}},
		{name: "a list below data", answer: `{"data":{"webhooks":{"data":[` + whole + `]}}}`, want: []butlr.Subscription{is}},
		{name: "an empty list", answer: `{"data":{"webhooks":[]}}`, want: []butlr.Subscription{}},
		{name: "no list", answer: `{"data":{"webhooks":null}}`, want: []butlr.Subscription{}},
		{name: "an empty list of errors", answer: `{"data":{"webhooks":[]},"errors":[]}`, want: []butlr.Subscription{}},
		{name: "filters as a text", answer: `{"data":{"webhooks":[` + strings.Replace(whole, `{"site":["s2","s1"],"room":[]}`, `"{\"site\":[\"s1\",\"s2\"]}"`, 1) + `]}}`, want: []butlr.Subscription{is}},
		{name: "nulls", answer: `{"data":{"webhooks":[{"id":"w1","name":null,"event_types":null,"endpoint_config":null,"filters":null,"send_on_value_change":null}]}}`, want: []butlr.Subscription{bare}},
		{name: "nulls inside", answer: `{"data":{"webhooks":[{"id":"w1","event_types":[null],"endpoint_config":{"url":null,"http_timeout":null,"api_key":null,"basic_auth":{"username":null,"password":""}}}]}}`, want: []butlr.Subscription{bare}},
		{name: "other types than promised", answer: `{"data":{"webhooks":[{"id":"w1","name":5,"event_types":"TRAFFIC","endpoint_config":[],"send_on_value_change":"yes"}]}}`, want: []butlr.Subscription{bare}},
		{name: "an unknown event and an unknown field", answer: `{"data":{"webhooks":[{"id":"w1","event_types":["CO2_LEVEL"],"paused":true}]},"extensions":{}}`, want: []butlr.Subscription{{ID: "w1", Events: []string{"CO2_LEVEL"}}}},
		{name: "an absurd timeout", answer: `{"data":{"webhooks":[{"id":"w1","endpoint_config":{"http_timeout":1e300}}]}}`, want: []butlr.Subscription{bare}},
		{name: "a row that is null", answer: `{"data":{"webhooks":[null,{"id":"w1"}]}}`, want: []butlr.Subscription{bare}, refused: "one of the subscriptions came without its id", partial: true},
		{name: "a row without an id", answer: `{"data":{"webhooks":[{"name":"a"}]}}`, want: []butlr.Subscription{}, refused: "one of the subscriptions came without its id", partial: true},
		{name: "an error", answer: `{"data":null,"errors":[{"message":"no such field","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`, refused: "refused: no such field (GRAPHQL_VALIDATION_FAILED)"},
		{name: "an error that took everything", answer: `{"data":{"webhooks":null},"errors":[{"message":"broken"}]}`, refused: "refused: broken"},
		{name: "an error beside data", answer: `{"data":{"webhooks":[{"id":"w1"}]},"errors":[{"message":"a resolver failed","path":["webhooks",1]}]}`, want: []butlr.Subscription{bare}, refused: "in part: a resolver failed", partial: true},
		{name: "errors of any form", answer: `{"errors":[{"message":"one","extensions":"odd"},"two",{"message":3},{"message":"four"}]}`, refused: "refused: one; an error without words; an error without words; and 1 more"},
		{name: "an error that is a terminal's", answer: "{\"errors\":[{\"message\":\"a\\u001b[2Jb\\u202ec\"}]}", refused: "refused: a [2Jb c"},
		{name: "an error that is long", answer: `{"errors":[{"message":"` + strings.Repeat("x", 5000) + `"}]}`, refused: strings.Repeat("x", 300) + "…"},
	}
	for _, test := range tests {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			api.Trouble(butlrtest.Pass, butlrtest.Text(test.answer))
			got, err := c.Subscriptions(t.Context())
			if diff := cmp.Diff(test.want, got, alike()); diff != "" {
				t.Errorf("%s: -want +got:\n%s", test.name, diff)
			}
			refused, ok := errors.AsType[*butlr.Refused](err)
			if ok != (test.refused != "") || ok != (err != nil) || ok && (refused.Partial != test.partial || !strings.HasSuffix(err.Error(), test.refused)) {
				t.Errorf("%s: got %v, want %q, partial %v", test.name, err, test.refused, test.partial)
			}
		})
	}
}

func alike() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b butlr.Secret) bool { return a.Same(b) }),
		cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "odd" }, cmp.Ignore()),
	}
}

// TestStatusesInWords has answers that are no good ones, and no passing trouble.
//
// Seen to break it: what a refusal says not read.
func TestStatusesInWords(t *testing.T) {
	for _, test := range []struct {
		status     int
		body, want string
	}{
		{404, "", "there is no API at https://api.butlr.io (it answered 404 Not Found): see that api_url is right"},
		{400, `{"errors":[{"message":"Cannot query field \"x\""}]}`, `Butlr's API refused: Cannot query field "x"`},
		{422, `{"errors":[{"message":"bad","extensions":{"code":"BAD_USER_INPUT"}}]}`, "Butlr's API refused: bad (BAD_USER_INPUT)"},
		{400, "what?", "Butlr's API refused: it answered 400 Bad Request"},
		{204, "", "Butlr's API refused: it answered 204 No Content"},
	} {
		virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
			api.Trouble(butlrtest.Pass, butlrtest.StatusText(test.status, test.body))
			_, err := c.Subscriptions(t.Context())
			if want := "listing the subscriptions: " + test.want; err == nil || err.Error() != want {
				t.Errorf("%d: got %v, want %s", test.status, err, want)
			}
		})
	}
}

// TestTheFakeHasTheWarts holds the fake to what is documented, so that what is tested with it is tested.
func TestTheFakeHasTheWarts(t *testing.T) {
	virtual(t, func(t *testing.T, api *butlrtest.API, c *butlr.Client) {
		api.Subscribe(butlrtest.Webhook{Name: "a", EventTypes: []string{"TRAFFIC"}, Key: "X", Value: "in clear"})
		there, err := c.Subscriptions(t.Context())
		if err != nil || len(there) != 1 || there[0].Value.Reveal() != "in clear" {
			t.Errorf("the list is %+v, with the secret %q: %v", there, there[0].Value.Reveal(), err)
		}
		for _, s := range []string{snakeInput, camelInput} {
			api.CamelInputs = s == snakeInput
			if got := butlrtest.Ask(api, s); !strings.Contains(got, "is not defined by type") || !strings.HasPrefix(got, "200 ") {
				t.Errorf("an input in the other spelling is answered %s", got)
			}
			api.CamelInputs = !api.CamelInputs
			if got := butlrtest.Ask(api, s); !strings.Contains(got, "TRAFFIC is subscribed already") || !strings.HasPrefix(got, "200 ") {
				t.Errorf("a type that is taken is answered %s", got)
			}
		}
		if got := butlrtest.Ask(api, `{"query":"{ webhooks { eventTypes } }"}`); !strings.Contains(got, `Cannot query field \"eventTypes\"`) {
			t.Errorf("a selection in camelCase is answered %s", got)
		}
		api.Furnish(butlrtest.Inventory{
			Rooms: []map[string]any{{"id": "room_1", "floor_id": "space_1", "capacity": map[string]any{"max": 0, "mid": 0}}},
			Tags:  []map[string]any{{"id": "tag_1", "name": "lab"}},
		})
		for question, want := range map[string]string{
			`{"query":"{ tags { id } rooms { data { id floor_id capacity { max } } } }"}`: `200 {"data":{"rooms":{"data":[{"capacity":{"max":0},"floor_id":"space_1","id":"room_1"}]},"tags":[{"id":"tag_1"}]}}`,
			`{"query":"{ rooms { id } }"}`: `200 {"errors":[{"message":"Cannot query field \"id\" on type \"Rooms\".","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		} {
			if got := butlrtest.Ask(api, question); got != want {
				t.Errorf("%s is answered\n%s instead of\n%s", question, got, want)
			}
		}
		if got := butlrtest.Ask(api, `{"query":"{ rooms { data { id floorID } } }"}`); !strings.Contains(got, "Cannot return null") || !strings.Contains(got, `"data":[null]`) {
			t.Errorf("an id in camelCase is answered %s", got)
		}
	})
}

const (
	snakeInput = `{"query":"mutation($input: [WebhookCreateInput!]!) { createWebhooks(input: $input) { id } }","variables":{"input":[{"name":"b","event_types":["TRAFFIC"],"endpoint_config":{"url":"https://b","http_timeout":5}}]}}`
	camelInput = `{"query":"mutation($input: [WebhookCreateInput!]!) { createWebhooks(input: $input) { id } }","variables":{"input":[{"name":"b","eventTypes":["TRAFFIC"],"endpointConfig":{"url":"https://b","httpTimeout":5}}]}}`
)
