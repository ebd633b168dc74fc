package butlr

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Subscription is one of Butlr's webhooks: which events are sent, where to, and with which secrets.
type Subscription struct {
	ID       string
	Name     string
	Events   []string // types, as Butlr spells them: see [EventType]
	URL      string
	Timeout  time.Duration // whole seconds; 0 is not told
	Header   string        // "" is none
	Value    Secret        // of the header
	Username string        // of HTTP Basic, "" is none
	Password Secret
	Filters  map[string][]string // empty is everything
	OnChange bool                // counts are sent only when they change
	// odd has filters of a form that nobody documented, which are kept as they are.
	odd json.RawMessage
}

// EventType returns a type of event in one spelling: upper case, and _1MIN for what the changelog calls _1M.
func EventType(name string) string {
	name = strings.ToUpper(strings.TrimSpace(name))
	if strings.HasSuffix(name, "_1M") {
		name += "IN"
	}
	return name
}

// Place returns where a subscription sends to, as it may be shown of somebody else's: a path can be a secret.
func (s *Subscription) Place() string {
	u, err := url.Parse(s.URL)
	switch {
	case s.URL == "":
		return "nowhere"
	case err != nil || u.Host == "":
		return "an address that is no URL"
	}
	place := u.Scheme + "://" + u.Host
	if u.Path != "" || u.RawQuery != "" {
		place += "/…"
	}
	return place
}

const listQuestion = `query { webhooks { id name event_types endpoint_config { url http_timeout api_key { key value } basic_auth { username password } } filters send_on_value_change } }`

// Subscriptions lists every subscription of the organisation. With a [*Refused] that is partial, some may be missing.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	var data struct{ Webhooks rows }
	err := c.ask(ctx, question{text: listQuestion}, &data)
	if refused, ok := errors.AsType[*Refused](err); err != nil && (!ok || !refused.Partial) {
		return nil, fmt.Errorf("listing the subscriptions: %w", err)
	}
	list := make([]Subscription, 0, len(data.Webhooks))
	for _, row := range data.Webhooks {
		if s, ok := parseSubscription(row); ok {
			list = append(list, s)
		} else if err == nil {
			err = &Refused{Faults: []Fault{{Message: "one of the subscriptions came without its id"}}, Partial: true}
		}
	}
	slices.SortFunc(list, func(a, b Subscription) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	if err != nil {
		return list, fmt.Errorf("listing the subscriptions: %w", err)
	}
	return list, nil
}

// rows are those of a list, which Butlr wraps in an object's data or does not. null is no rows.
type rows []json.RawMessage

// UnmarshalJSON takes either form.
func (r *rows) UnmarshalJSON(text []byte) error {
	if wrapped := fieldsOf(text); wrapped != nil {
		text = []byte(cmp.Or(string(wrapped["data"]), "null"))
	}
	return json.Unmarshal(text, (*[]json.RawMessage)(r))
}

// parseSubscription reads one row; false without an id. What else is missing, or of a form that nobody
// documented, is taken as not told.
func parseSubscription(row json.RawMessage) (Subscription, bool) {
	fields := fieldsOf(row)
	endpoint := fieldsOf(fields["endpoint_config"])
	header, basic := fieldsOf(endpoint["api_key"]), fieldsOf(endpoint["basic_auth"])
	s := Subscription{
		ID: wordOf(fields["id"]), Name: wordOf(fields["name"]), URL: wordOf(endpoint["url"]),
		Header: wordOf(header["key"]), Value: NewSecret(wordOf(header["value"])),
		Username: wordOf(basic["username"]), Password: NewSecret(wordOf(basic["password"])),
	}
	var types []json.RawMessage
	_ = json.Unmarshal(fields["event_types"], &types)
	for _, t := range types {
		if name := wordOf(t); name != "" {
			s.Events = append(s.Events, name)
		}
	}
	var seconds float64
	if json.Unmarshal(endpoint["http_timeout"], &seconds) == nil && seconds > 0 && seconds < 3600 {
		s.Timeout = time.Duration(seconds * float64(time.Second))
	}
	_ = json.Unmarshal(fields["send_on_value_change"], &s.OnChange)
	s.Filters, s.odd = parseFilters(fields["filters"])
	return s, s.ID != ""
}

// parseFilters reads filters: an object with lists, or the same as a text. Anything else is odd.
func parseFilters(text json.RawMessage) (filters map[string][]string, odd json.RawMessage) {
	if word := wordOf(text); word != "" {
		text = json.RawMessage(word)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" || string(text) == `""` {
		return nil, nil
	}
	var lists map[string][]string
	if json.Unmarshal(text, &lists) != nil {
		return nil, text
	}
	return tidyFilters(lists), nil
}

// tidyFilters leaves out lists without ids, and puts the others in order.
func tidyFilters(lists map[string][]string) map[string][]string {
	tidy := map[string][]string{}
	for name, ids := range lists {
		if len(ids) > 0 {
			tidy[name] = slices.Compact(slices.Sorted(slices.Values(ids)))
		}
	}
	if len(tidy) == 0 {
		return nil
	}
	return tidy
}

func sameFilters(a, b *Subscription) bool {
	return bytes.Equal(a.odd, b.odd) && maps.EqualFunc(tidyFilters(a.Filters), tidyFilters(b.Filters), slices.Equal)
}
