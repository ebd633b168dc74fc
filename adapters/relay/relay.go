package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Options is what a relay needs.
type Options struct {
	Dir       string // of the queues: each has a directory in it, with its target's name
	Targets   []Target
	Transport http.RoundTripper     // nil is one of its own for each target
	Log       *slog.Logger          // must not be nil
	Metrics   prometheus.Registerer // must not be nil
}

// Target is an endpoint that bodies are passed on to.
type Target struct {
	Name string // a name for a directory, and for people
	URL  string // https, or http on this machine

	// What the target wants to know of us: a header, a user name and password (HTTP Basic), both, or nothing.
	HeaderName, HeaderValue string
	Username, Password      string

	QueueMax int64 // bytes on disk
}

// LogValue tells which target it is, and none of its secrets.
func (t Target) LogValue() slog.Value { return slog.StringValue(t.Name) }

// String tells which target it is, and none of its secrets.
func (t Target) String() string { return t.Name }

// GoString tells which target it is, and none of its secrets.
func (t Target) GoString() string { return t.Name }

// Health is how it is with a target.
type Health uint8

const (
	Untried  Health = iota // nothing was passed on yet
	Passing                // it took the last body
	Refusing               // it refused the last body for good
	Failing                // it does not answer, or wants the last body again
)

// String returns the name in words.
func (h Health) String() string { return [...]string{"untried", "passing", "refusing", "failing"}[h] }

// Relay passes bodies on. Call Open, then Run, once each.
type Relay struct {
	options Options
	targets []*target
}

// Open opens the queues, and finds in them what a gateway before left.
func Open(o Options) (*Relay, error) {
	r := &Relay{options: o}
	for i := range o.Targets {
		t, err := openTarget(&o, &o.Targets[i])
		if err != nil {
			return nil, errors.Join(fmt.Errorf("opening the relay to %s: %w", o.Targets[i].Name, err), r.Close())
		}
		r.targets = append(r.targets, t)
	}
	r.tellOfOrphans()
	return r, nil
}

func openTarget(o *Options, t *Target) (*target, error) {
	if address, err := url.Parse(t.URL); err != nil || address.Host == "" {
		return nil, errors.New("the url must have a scheme and a host")
	}
	path := filepath.Join(o.Dir, t.Name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("making the queue's directory: %w", err)
	}
	dir, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the queue's directory: %w", err)
	}
	q, err := openQueue(dir, t.QueueMax)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	opened := &target{
		name: t.Name, post: newPost(t, o.Transport), buffer: newBuffer(), queue: q, news: make(chan struct{}, 1),
		log: o.Log.With("target", t.Name), state: state{since: time.Now()},
	}
	if err := opened.register(o.Metrics); err != nil {
		return nil, errors.Join(err, q.close())
	}
	return opened, nil
}

// tellOfOrphans tells of queues whose targets are not configured any more.
func (r *Relay) tellOfOrphans() {
	entries, err := os.ReadDir(r.options.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.options.Log.Warn("queues of the relay cannot be looked for", "err", err)
	}
	known := map[string]bool{}
	for _, t := range r.targets {
		known[t.name] = true
	}
	for _, e := range entries {
		if e.IsDir() && !known[e.Name()] {
			r.options.Log.Warn("a queue belongs to no target of the configuration: remove it, or give the target back", "path", filepath.Join(r.options.Dir, e.Name()))
		}
	}
}

// Close closes the queues.
func (r *Relay) Close() error {
	var errs []error
	for _, t := range r.targets {
		errs = append(errs, t.queue.close())
	}
	return errors.Join(errs...)
}

// Forward passes a body on to every target, some time. It returns at once, and does not refer to the body any more. One
// with detections must be secret: it is never stored, and lost to a target that is down for long.
func (r *Relay) Forward(body []byte, secret bool) {
	if len(body) == 0 || len(r.targets) == 0 {
		return
	}
	a := arrival{bytes.Clone(body), time.Now(), secret}
	for _, t := range r.targets {
		if !t.buffer.put(a) {
			t.counts.busy.Add(1)
		}
	}
}

// Run passes on until ctx ends. What was handed over by then is on disk, but for detections.
func (r *Relay) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, t := range r.targets {
		running.Go(func() { t.run(ctx) })
	}
	running.Wait()
	return nil
}
