package butlr

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// spelling is how the names in an input are written. Butlr's schema says one, its examples the other.
type spelling struct{ eventTypes, endpoint, timeout, apiKey, basicAuth, onChange string }

var (
	snakeCase = spelling{"event_types", "endpoint_config", "http_timeout", "api_key", "basic_auth", "send_on_value_change"}
	camelCase = spelling{"eventTypes", "endpointConfig", "httpTimeout", "apiKey", "basicAuth", "sendOnValueChange"}
)

// input writes a subscription as the API wants it. before is what there is already, nil of a new one: what is to
// go has to be said then.
func (s *Subscription) input(in spelling, before *Subscription) map[string]any {
	endpoint := map[string]any{"url": s.URL}
	if s.Timeout > 0 {
		endpoint[in.timeout] = int(s.Timeout / time.Second)
	}
	switch {
	case s.Header != "":
		endpoint[in.apiKey] = map[string]any{"key": s.Header, "value": s.Value.Reveal()}
	case before != nil && before.Header != "":
		endpoint[in.apiKey] = nil
	}
	switch {
	case s.Username != "":
		endpoint[in.basicAuth] = map[string]any{"username": s.Username, "password": s.Password.Reveal()}
	case before != nil && before.Username != "":
		endpoint[in.basicAuth] = nil
	}
	out := map[string]any{"name": s.Name, in.eventTypes: s.Events, in.endpoint: endpoint, in.onChange: s.OnChange}
	switch {
	case s.odd != nil:
		out["filters"] = s.odd
	case len(s.Filters) > 0:
		out["filters"] = s.Filters
	case before != nil && (len(before.Filters) > 0 || before.odd != nil):
		out["filters"] = map[string]any{}
	}
	if before != nil {
		out["id"] = before.ID
	}
	return out
}

const (
	createQuestion = `mutation($input: [WebhookCreateInput!]!) { createWebhooks(input: $input) { id } }`
	updateQuestion = `mutation($input: [WebhookUpdateInput!]!) { updateWebhooks(input: $input) { id } }`
	deleteQuestion = `mutation($ids: [ID!]!) { deleteWebhooks(ids: $ids) }`
)

// create subscribes.
func (c *Client) create(ctx context.Context, s *Subscription) error {
	if err := c.change(ctx, createQuestion, s, nil); err != nil {
		return fmt.Errorf("creating the subscription %s: %w", shownName(s), err)
	}
	return nil
}

// update changes a subscription. All of it is sent: nothing says whether what is left out would stay.
func (c *Client) update(ctx context.Context, s, before *Subscription) error {
	if err := c.change(ctx, updateQuestion, s, before); err != nil {
		return fmt.Errorf("updating the subscription %s: %w", shownName(before), err)
	}
	return nil
}

// change sends an input in one spelling, and where its form is refused in the other.
func (c *Client) change(ctx context.Context, text string, s, before *Subscription) error {
	var first error
	for _, in := range []spelling{snakeCase, camelCase} {
		q := question{
			text: text, changes: true, secrets: secretsOf(s, before),
			variables: map[string]any{"input": []any{s.input(in, before)}},
		}
		var ignored map[string]any
		err := c.ask(ctx, q, &ignored)
		refused, ok := errors.AsType[*Refused](err)
		switch {
		case !ok || !refused.isOfForm():
			return err
		case first == nil:
			first = err
		}
	}
	return first // the form is not what is wrong: the first spelling is the one of the examples
}

// remove ends a subscription.
func (c *Client) remove(ctx context.Context, s *Subscription) error {
	var data struct{ DeleteWebhooks *bool }
	q := question{text: deleteQuestion, changes: true, variables: map[string]any{"ids": []string{s.ID}}}
	err := c.ask(ctx, q, &data)
	if err == nil && (data.DeleteWebhooks == nil || !*data.DeleteWebhooks) {
		err = errors.New("the answer is that it was not")
	}
	if err != nil {
		return fmt.Errorf("deleting the subscription %s: %w", shownName(s), err)
	}
	return nil
}

func secretsOf(list ...*Subscription) (secrets []Secret) {
	for _, s := range list {
		if s != nil {
			secrets = append(secrets, s.Value, s.Password, NewSecret(s.Username))
		}
	}
	return secrets
}
