// Package poster sends events to a webhook as Butlr does: JSON by POST over a few connections that are
// kept open, with a secret, at a rate.
package poster

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"sync"
	"time"

	"butlr-gateway/adapters/webhook"
	"butlr-gateway/gateway"
)

// Options is where events go, and how.
type Options struct {
	URL         string
	HeaderName  string
	HeaderValue string
	Username    string // HTTP Basic
	Password    string
	Connections int           // kept open; 4 if 0
	Batch       int           // events in a request; with 1, or 0, an object and no array
	Rate        float64       // events a second; 0 is as fast as they are answered
	Timeout     time.Duration // of one request; 10 s if 0
	Retries     int           // of a request that had no answer, 429 or a 5xx; Butlr tries three times
	TLS         *tls.Config   // nil takes the system's certificate authorities
}

// Poster sends events. It may be used by one Run at a time; its report may be asked for at any time.
type Poster struct {
	options Options
	target  *url.URL
	header  http.Header
	client  *http.Client
	tally   tally
}

// retryPause is the time before the first retry, and what each further one waits longer.
const retryPause = time.Second

// New checks the options. It sends nothing.
func New(o Options) (*Poster, error) {
	target, err := url.Parse(o.URL)
	if err != nil {
		return nil, fmt.Errorf("posting events: %w", err)
	}
	if target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		return nil, fmt.Errorf("posting events to %q: must be like https://host:8443/webhooks/butlr", o.URL)
	}
	if o.Connections < 0 || o.Batch < 0 || o.Batch > 1000 || o.Rate < 0 || o.Timeout < 0 || o.Retries < 0 {
		return nil, errors.New("posting events: numbers must not be negative, and a request has at most 1000 events")
	}
	if o.Connections == 0 {
		o.Connections = 4
	}
	if o.Batch == 0 {
		o.Batch = 1
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	p := &Poster{
		options: o, target: target, header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"butlr-gateway simulator"}},
		client: &http.Client{
			Timeout: o.Timeout,
			Transport: &http.Transport{
				MaxConnsPerHost: o.Connections, MaxIdleConnsPerHost: o.Connections, TLSClientConfig: o.TLS,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if o.HeaderName != "" {
		p.header.Set(o.HeaderName, o.HeaderValue)
	}
	if o.Username != "" {
		signed := http.Request{Header: p.header}
		signed.SetBasicAuth(o.Username, o.Password)
	}
	return p, nil
}

// request is a body on its way to be sent.
type request struct {
	body   []byte
	events int
}

// Run sends the chunks, each in as many requests as it takes, until there are no more or ctx ends. It
// returns when every request has its answer. Chunks are not asked for after ctx has ended.
func (p *Poster) Run(ctx context.Context, chunks iter.Seq[[]gateway.Event]) {
	p.run(ctx, func(full chan<- *request, empty <-chan *request) { p.feed(ctx, chunks, full, empty) })
}

// Body is one that is sent as it is.
type Body struct {
	Text   []byte
	Events int
}

// RunBodies sends bodies as they are, each in a request, as [Poster.Run] sends chunks; the rate and the batch have no
// effect. With one connection they arrive in order.
func (p *Poster) RunBodies(ctx context.Context, bodies iter.Seq[Body]) {
	p.run(ctx, func(full chan<- *request, empty <-chan *request) {
		for b := range bodies {
			if ctx.Err() != nil {
				return
			}
			r := <-empty
			r.body, r.events = append(r.body[:0], b.Text...), b.Events
			full <- r
		}
	})
}

// run sends what feed fills requests with.
func (p *Poster) run(ctx context.Context, feed func(full chan<- *request, empty <-chan *request)) {
	defer p.client.CloseIdleConnections()
	full, empty := make(chan *request), make(chan *request, p.options.Connections+1)
	for range cap(empty) {
		empty <- new(request)
	}
	var senders sync.WaitGroup
	for range p.options.Connections {
		senders.Go(func() {
			for r := range full {
				if !p.send(ctx, r) {
					r.body = nil // the transport may still be reading it
				}
				empty <- r
			}
		})
	}
	feed(full, empty)
	close(full)
	senders.Wait()
}

// feed encodes events into requests, at the rate.
func (p *Poster) feed(ctx context.Context, chunks iter.Seq[[]gateway.Event], full chan<- *request, empty <-chan *request) {
	pace := pace{rate: p.options.Rate}
	for chunk := range chunks {
		for len(chunk) > 0 {
			n := min(len(chunk), p.options.Batch)
			if !pace.wait(ctx, n) || ctx.Err() != nil {
				return
			}
			r := <-empty
			r.encode(chunk[:n], p.options.Batch > 1)
			full <- r
			chunk = chunk[n:]
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func (r *request) encode(events []gateway.Event, array bool) {
	body := r.body[:0]
	if array {
		body = append(body, '[')
	}
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = webhook.Encode(body, &events[i])
	}
	if array {
		body = append(body, ']')
	}
	r.body, r.events = body, len(events)
}

// send sends one request until it is answered for good, or the retries are used up. It tells whether
// the whole body was surely sent, and only once.
func (p *Poster) send(ctx context.Context, r *request) bool {
	for try := 0; ; try++ {
		code, took, err := p.post(ctx, r.body)
		p.tally.answered(code, took, err)
		if again := err != nil || code == http.StatusTooManyRequests || code >= 500; !again || try == p.options.Retries {
			p.tally.finished(r.events, code)
			return try == 0 && accepted(code)
		}
		if !Sleep(ctx, retryPause*time.Duration(try+1)) {
			p.tally.finished(r.events, 0)
			return false
		}
	}
}

func accepted(code int) bool { return code >= 200 && code < 300 }

func (p *Poster) post(ctx context.Context, body []byte) (code int, took time.Duration, err error) {
	start := time.Now()
	request := (&http.Request{
		Method: http.MethodPost, URL: p.target, Host: p.target.Host, Header: p.header,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(context.WithoutCancel(ctx)) // what is on its way gets its answer
	response, err := p.client.Do(request)
	if err != nil {
		return 0, 0, err
	}
	io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // read to its end, the connection can be used again
	response.Body.Close()
	return response.StatusCode, time.Since(start), nil
}

// pace spreads events over time.
type pace struct {
	rate float64 // events a second; 0 does not wait
	due  time.Time
}

// longestDebt is how much lost time is made up for by sending faster.
const longestDebt = time.Second

// wait returns when the next n events are due; false if ctx ended before.
func (p *pace) wait(ctx context.Context, n int) bool {
	if p.rate == 0 {
		return ctx.Err() == nil
	}
	now := time.Now()
	if earliest := now.Add(-longestDebt); p.due.IsZero() {
		p.due = now
	} else if p.due.Before(earliest) {
		p.due = earliest
	}
	ahead := p.due.Sub(now)
	p.due = p.due.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
	return Sleep(ctx, ahead)
}

// Sleep waits; false if ctx ended before.
func Sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
