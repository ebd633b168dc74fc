package butlr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Options is what a client needs.
type Options struct {
	URL          string // of the API: scheme, host and port
	ClientID     Secret
	ClientSecret Secret
	PerMinute    int               // requests in any minute, at least 1
	Transport    http.RoundTripper // nil is one of its own
	Log          *slog.Logger      // must not be nil
}

// Client asks Butlr's API. It is safe for several goroutines.
type Client struct {
	options Options
	http    *http.Client
	pace    *pace
	token   tokenKeeper
	sent    atomic.Uint64
}

// Requests counts those that were made, logins and repetitions among them.
func (c *Client) Requests() uint64 { return c.sent.Load() }

const (
	graphQLPath = "/api/v3/graphql"
	loginPath   = "/api/v2/clients/login"

	tries         = 5 // of one question
	firstBackOff  = time.Second
	longestWait   = time.Minute // between two tries; who is asked to wait for longer gives up
	answerTimeout = 30 * time.Second
	longestAnswer = 64 << 20 // bytes
	longestLogin  = 1 << 20
)

// New returns a client, which asks nothing yet.
func New(o Options) (*Client, error) {
	address, err := url.Parse(o.URL)
	switch {
	case err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http":
		return nil, errors.New("the URL of Butlr's API must have a scheme and a host")
	case !o.ClientID.IsSet() || !o.ClientSecret.IsSet():
		return nil, errors.New("client id and client secret must be given")
	case o.PerMinute < 1 || o.Log == nil:
		return nil, errors.New("requests per minute and log must be given")
	}
	o.URL = strings.TrimSuffix(o.URL, "/")
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &Client{
		options: o, pace: newPace(o.PerMinute), token: newTokenKeeper(),
		http: &http.Client{
			Transport: o.Transport,
			// Another host must never see a token.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// question is something to ask in GraphQL.
type question struct {
	text      string
	variables map[string]any
	changes   bool     // something: it is not sent again where it may have been carried out
	secrets   []Secret // among the variables, which the answer may repeat
}

// ask asks, and puts the data of the answer into into. Its error is a [*Down], a [*Denied], a [*Refused] (with
// Partial where into has what came), or one of ctx or of a wrong address.
func (c *Client) ask(ctx context.Context, q question, into any) error {
	return c.persist(ctx, q.changes, func() error { return c.askOnce(ctx, q, into) })
}

// persist asks once, and again where that can help: after trouble that passes, and with a new token. changes is as
// of a question. Its errors are those of ask.
func (c *Client) persist(ctx context.Context, changes bool, once func() error) error {
	renewed := false
	for try := 1; ; try++ {
		err := once()
		if locked, ok := errors.AsType[*lockedOut](err); ok {
			if renewed {
				return &Denied{locked.why}
			}
			renewed = true
			continue
		}
		passing, ok := errors.AsType[*again](err)
		if !ok {
			return err
		}
		perhaps := changes && !passing.undone
		wait := passing.after + backOff(try, firstBackOff, longestWait)
		if try >= tries || perhaps || wait > longestWait {
			return &Down{passing.err, passing.after, perhaps}
		}
		c.options.Log.DebugContext(ctx, "asking Butlr's API again", "err", passing.err, "in", wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// askOnce asks once, and logs in before where that is needed.
func (c *Client) askOnce(ctx context.Context, q question, into any) error {
	token, err := c.token.get(ctx, c.login)
	if err != nil {
		return err
	}
	secrets := append(c.secrets(token), q.secrets...)
	body, err := json.Marshal(map[string]any{"query": q.text, "variables": q.variables})
	if err != nil {
		return fmt.Errorf("writing a question to Butlr's API: %w", err)
	}
	text, err := c.post(ctx, graphQLPath, body, token, longestAnswer, secrets)
	if _, locked := errors.AsType[*lockedOut](err); locked {
		c.token.drop(token)
	}
	if err != nil {
		return err
	}
	answer, err := parseAnswer(text, secrets)
	if err != nil {
		return &again{err: err}
	}
	return c.take(answer, token, into)
}

// take takes what an answer has.
func (c *Client) take(a *answer, token Secret, into any) error {
	refused := &Refused{Faults: a.faults}
	if len(a.faults) > 0 && refused.unlettered() {
		c.token.drop(token)
		return &lockedOut{"the token is not taken"}
	}
	if a.hasData() {
		if err := json.Unmarshal(a.Data, into); err != nil {
			return &again{err: errors.New("it answered with other data than was asked for")} // the error may quote a secret
		}
		refused.Partial = !onlyNulls(a.Data)
	}
	switch {
	case len(a.faults) > 0:
		return refused
	case !a.hasData():
		return &again{err: errors.New("it answered with neither data nor an error")}
	}
	return nil
}

// secrets are those that every answer may repeat.
func (c *Client) secrets(token Secret) []Secret {
	return []Secret{token, c.options.ClientSecret, c.options.ClientID}
}

// post sends JSON and returns the body of a good answer.
func (c *Client) post(ctx context.Context, path string, body []byte, token Secret, longest int64, secrets []Secret) ([]byte, error) {
	if err := c.pace.wait(ctx); err != nil {
		return nil, err
	}
	c.sent.Add(1)
	limited, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodPost, c.options.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("asking Butlr's API: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if token.IsSet() {
		request.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.unanswered(ctx, limited, err, secrets)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	switch {
	case err != nil:
		return nil, c.unanswered(ctx, limited, err, secrets)
	case int64(len(text)) > longest:
		return nil, fmt.Errorf("reading an answer of Butlr's API: it has more than %d MiB, and the gateway reads no more", longest>>20)
	case response.StatusCode != http.StatusOK:
		return nil, statusError(response, text, secrets)
	}
	return text, nil
}

// unanswered says why there is no answer, or none that is whole.
func (c *Client) unanswered(ctx, limited context.Context, err error, secrets []Secret) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if limited.Err() != nil {
		return &again{err: fmt.Errorf("there was no answer within %s", answerTimeout)}
	}
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	return &again{err: errors.New(safe(err.Error(), secrets...))}
}
