package butlr_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/adapters/butlr/butlrtest"
)

// FuzzAnswers answers anything to the list of subscriptions: what is made of it has an id, or is an error of a kind
// that is known; and anything may stand in a kept inventory.
func FuzzAnswers(f *testing.F) {
	for _, text := range []string{
		`{"data":{"webhooks":[{"id":"w1","filters":"{\"site\":[null]}"}]}}`, `{"data":{"webhooks":{"data":[{}]}},"errors":[{"extensions":{"code":"UNAUTHENTICATED"}}]}`,
		`{"errors":[null,1,{"message":{}}],"data":[]}`, `{"sites":{"data":[{"id":"site_1","capacity":{"max":"1e400"}}]},"sensors":[{"id":"\u0000"}]}`, `null`, ``,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		synctest.Test(t, func(t *testing.T) {
			api := butlrtest.New(testID, testSecret)
			c := clientOf(t, wayFunc(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == login {
					return api.Direct().RoundTrip(r)
				}
				return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(strings.NewReader(text))}, nil
			}), 1000, new(bytes.Buffer))
			there, err := c.Subscriptions(t.Context())
			for i := range there {
				if there[i].ID == "" {
					t.Error("a subscription has no id")
				}
				aWish().Plan(there, true)
			}
			_, down := errors.AsType[*butlr.Down](err)
			_, denied := errors.AsType[*butlr.Denied](err)
			_, refused := errors.AsType[*butlr.Refused](err)
			if err != nil && !down && !denied && !refused {
				t.Errorf("what is that: %v", err)
			}
		})
		if stock, err := butlr.ReadStock([]byte(text)); err == nil {
			for _, p := range stock.Inventory().Places {
				if p.ID.Kind() != p.Kind {
					t.Errorf("%s is a %s", p.ID, p.Kind)
				}
			}
		}
	})
}
