package main

import (
	"context"
	"sync"
	"time"

	"butlr-gateway/adapters/store"
	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

const (
	diskEvery    = 5 * time.Second        // what was measured counts for so long
	diskPatience = 500 * time.Millisecond // of whoever asks, who has other things to tell as well
)

// diskWatch measures the disk when somebody asks, not more often than it matters, and never twice at once: a disk that
// hangs holds up one goroutine, and whoever asks for a moment only.
type diskWatch struct {
	measure func(context.Context) (*web.Disk, error)

	mu      sync.Mutex
	running *diskLook // nil while nobody looks
	last    *diskLook
	looked  time.Time // when the last one ended
}

// diskLook is one look at the disk; done is closed when it has ended.
type diskLook struct {
	done chan struct{}
	disk *web.Disk
	err  error
}

func newDiskWatch(measure func(context.Context) (*web.Disk, error)) *diskWatch {
	return &diskWatch{measure: measure}
}

// look tells what there is. Its error may be that the disk does not answer.
func (w *diskWatch) look(ctx context.Context) (*web.Disk, error) {
	ctx, cancel := context.WithTimeout(ctx, diskPatience)
	defer cancel()
	current := w.begin()
	select {
	case <-current.done:
		return current.disk, current.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin returns the last look if it counts still, else the one that goes on, else a new one.
func (w *diskWatch) begin() *diskLook {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last != nil && time.Since(w.looked) < diskEvery {
		return w.last
	}
	if w.running == nil {
		look := &diskLook{done: make(chan struct{})}
		w.running = look
		go func() {
			look.disk, look.err = w.measure(context.Background())
			w.mu.Lock()
			defer w.mu.Unlock()
			w.running, w.last, w.looked = nil, look, time.Now()
			close(look.done)
		}()
	}
	return w.running
}

// measureDisk tells what the state directory takes, and has room for.
func (s *service) measureDisk(ctx context.Context) (*web.Disk, error) {
	dir := string(s.config.Gateway.StateDir)
	usage, err := store.Measure(dir)
	if err != nil {
		return nil, err
	}
	d := &web.Disk{Directory: dir, Free: usage.Free, State: usage.State, Checked: web.Moment(s.checked.Load())}
	if s.samples == nil {
		return d, nil
	}
	size, oldest, err := s.samples.Size(ctx)
	if err != nil {
		return nil, err
	}
	d.History, d.HistoryMax, d.HistoryOldest = size, int64(s.config.Web.HistoryMax), web.Moment(oldest)
	return d, nil
}

// history tells how an asset was.
func (s *service) history(ctx context.Context, id gateway.AssetID, from, until gateway.Timestamp) (*web.History, error) {
	past, err := s.samples.Look(ctx, id, from, until)
	if err != nil {
		return nil, err
	}
	h := &web.History{Samples: make([]web.HistorySample, 0, len(past.Samples)), Runs: make([]web.HistoryRun, 0, len(past.Runs))}
	if past.Before != nil {
		before := historySample(past.Before)
		h.Before = &before
	}
	for i := range past.Samples {
		h.Samples = append(h.Samples, historySample(&past.Samples[i]))
	}
	for _, r := range past.Runs {
		h.Runs = append(h.Runs, web.HistoryRun{From: web.Moment(r.From), Until: web.Moment(r.Until)})
	}
	return h, nil
}

func historySample(s *store.Sample) web.HistorySample {
	out := web.HistorySample{
		Minute: web.Moment(s.Minute), Quality: s.Quality.String(), Lighting: answered(s.Lighting), HVAC: answered(s.HVAC),
		Ventilation: answered(s.Ventilation), Motion: answered(s.Motion), OffDelay: s.OffDelay,
	}
	if s.People >= 0 {
		people := s.People
		out.People = &people
	}
	return out
}

// answered returns yes or no, nil where nobody could tell.
func answered(a store.Answer) *bool {
	if a == store.Unknown {
		return nil
	}
	yes := a == store.Yes
	return &yes
}
