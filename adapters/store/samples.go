package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"butlr-gateway/gateway"
)

// What is kept of the past, for people to look at.
const (
	samplesFile    = "history.db"
	SampleDays     = 31 // days that samples are kept, if there is room
	writeEvery     = 10 * time.Second
	maxUnwritten   = 200_000 // samples that wait for a disk; the oldest give way
	minuteMillis   = gateway.Timestamp(time.Minute / time.Millisecond)
	dayMillis      = 24 * 60 * minuteMillis
	defaultMaximum = 2 << 30 // bytes
)

// Answer is what somebody knew of a question with yes and no.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota // nobody could tell, or the asset has no such measure
	No
	Yes
)

// Sample is how an asset was at the end of a minute in which that changed.
type Sample struct {
	Minute      gateway.Timestamp // its beginning
	People      int               // -1: nobody could tell
	Quality     gateway.Quality
	Lighting    Answer
	HVAC        Answer
	Ventilation Answer
	Motion      Answer
	OffDelay    bool // the HVAC output was on because its off-delay ran
}

// Run is a time in which a gateway ran: outside of all of them nobody knows how anything was.
type Run struct{ From, Until gateway.Timestamp }

// SamplesOptions is what the samples need.
type SamplesOptions struct {
	Dir     string // the state directory
	Maximum int64  // bytes that they may take on disk; 0 is 2 GiB
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil for none
}

// Samples keeps one sample for each minute and asset that changed, for people to look back: [SampleDays], or
// less where the oldest days have to give way to the newest. It is a [gateway.Sink] that writes at its own pace,
// to a database of its own that may be deleted without harm. Nothing else depends on it.
type Samples struct {
	options SamplesOptions
	log     *slog.Logger
	dropped prometheus.Counter
	bytes   prometheus.Gauge

	mu        sync.Mutex // of what follows
	now       gateway.Timestamp
	open      map[gateway.AssetID]packed // samples whose minute may still change
	last      map[gateway.AssetID]packed // as they were written or wait to be
	unwritten []row

	file   *samplesDatabase // the writer's
	reader *sql.DB
	began  gateway.Timestamp
	failed bool
}

var _ gateway.Sink = (*Samples)(nil)

// row is a sample that waits to be written.
type row struct {
	asset  gateway.AssetID
	minute gateway.Timestamp
	packed packed
}

// OpenSamples opens what there is. What cannot be read is begun anew.
func OpenSamples(ctx context.Context, o SamplesOptions) (*Samples, error) {
	s := &Samples{
		options: o, log: o.Log, open: make(map[gateway.AssetID]packed), last: make(map[gateway.AssetID]packed),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "butlr_history_dropped_total", Help: "Samples that could not be written.",
		}),
		bytes: prometheus.NewGauge(prometheus.GaugeOpts{Name: "butlr_history_bytes", Help: "Size of the samples on disk."}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.options.Maximum == 0 {
		s.options.Maximum = defaultMaximum
	}
	if o.Metrics != nil {
		o.Metrics.MustRegister(s.dropped, s.bytes)
	}
	path, err := filepath.Abs(filepath.Join(o.Dir, samplesFile))
	if err != nil {
		return nil, err
	}
	if s.file, err = openSamplesDatabase(ctx, path); damaged(err) {
		s.log.Warn("the history cannot be read and begins anew", "file", path, "err", err)
		if err = removeSamples(path); err == nil {
			s.file, err = openSamplesDatabase(ctx, path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the history %s: %w; it may be deleted", path, err)
	}
	if s.reader, err = readSamplesDatabase(path); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the history %s: %w", path, err), s.file.close())
	}
	return s, nil
}

// Publish takes how assets are now. It never waits for the disk.
func (s *Samples) Publish(u *gateway.Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(u.Now)
	for i := range u.Changed {
		s.open[u.Changed[i].Asset.ID] = pack(&u.Changed[i])
	}
}

// turn ends a minute when another has begun.
func (s *Samples) turn(now gateway.Timestamp) {
	minute := s.now - s.now%minuteMillis
	s.now = max(s.now, now)
	if minute == s.now-s.now%minuteMillis {
		return
	}
	s.end(minute)
}

// end has the samples of a minute written, those that say something new.
func (s *Samples) end(minute gateway.Timestamp) {
	for id, p := range s.open {
		if last, ok := s.last[id]; !ok || last != p {
			s.unwritten = append(s.unwritten, row{id, minute, p})
			s.last[id] = p
		}
	}
	clear(s.open)
	if over := len(s.unwritten) - maxUnwritten; over > 0 {
		s.unwritten = append(s.unwritten[:0], s.unwritten[over:]...)
		s.dropped.Add(float64(over))
	}
}

// Run writes until ctx ends, and then what is left.
func (s *Samples) Run(ctx context.Context) error {
	clock := time.NewTicker(writeEvery)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			s.write(context.WithoutCancel(ctx), true)
			return nil
		case <-clock.C:
			s.write(ctx, false)
		}
	}
}

// write writes what waits; all of it also writes the minute that has not ended.
func (s *Samples) write(ctx context.Context, all bool) {
	s.mu.Lock()
	now := s.now
	if s.began == 0 {
		s.began = now
	}
	if all {
		s.end(now - now%minuteMillis)
	}
	rows := s.unwritten
	s.unwritten = nil
	s.mu.Unlock()
	if now == 0 {
		return // nothing was ever published
	}
	err := s.file.write(ctx, rows, Run{s.began, now}, s.options.Maximum)
	if err != nil {
		s.mu.Lock()
		s.unwritten = append(rows, s.unwritten...)
		s.mu.Unlock()
	}
	switch {
	case err != nil && !s.failed:
		s.log.Warn("the history cannot be written; everything else goes on", "err", err)
	case err == nil && s.failed:
		s.log.Info("the history is written again")
	}
	s.failed = err != nil
	s.bytes.Set(float64(s.file.size))
}

// Close closes the files. Run has ended, or was never begun.
func (s *Samples) Close() error { return errors.Join(s.reader.Close(), s.file.close()) }

// packed is a sample without its minute, as it is stored.
type packed struct {
	people int32
	flags  uint16
}

func pack(s *gateway.Snapshot) packed {
	p := packed{people: -1, flags: uint16(s.Quality)}
	if r := s.Reading(gateway.People); r.Known && s.Has.Has(gateway.People) {
		p.people = int32(r.Value)
	}
	for k, m := range [...]gateway.Measure{gateway.Lighting, gateway.HVAC, gateway.Ventilation, gateway.Motion} {
		if r := s.Reading(m); r.Known && s.Has.Has(m) {
			answer := No
			if r.Value != 0 {
				answer = Yes
			}
			p.flags |= uint16(answer) << (3 + 2*k)
		}
	}
	if s.OffDelayEnds != 0 {
		p.flags |= 1 << 11
	}
	return p
}

func (p packed) sample(minute gateway.Timestamp) Sample {
	answer := func(k int) Answer { return Answer(p.flags >> (3 + 2*k) & 3) }
	return Sample{
		Minute: minute, People: int(p.people), Quality: gateway.Quality(p.flags & 7),
		Lighting: answer(0), HVAC: answer(1), Ventilation: answer(2), Motion: answer(3), OffDelay: p.flags>>11&1 == 1,
	}
}
