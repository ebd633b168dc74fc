package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"butlr-gateway/gateway"
)

// The bounds of how long a recording may go on.
const (
	Shortest = time.Second
	Longest  = 7 * 24 * time.Hour
)

// How much may wait for the disk; what comes when it is full is missing in the recording, and counted.
const (
	waitingBodies = 1024
	waitingBytes  = 8 << 20
)

// Options is what a recorder needs.
type Options struct {
	Dir     string       // of the recordings; made when the first one begins
	MaxFile int64        // bytes of a file; 64 MiB if 0
	Log     *slog.Logger // must not be nil
}

// Recorder records. Call Run once; all else may be called at any time.
type Recorder struct {
	options Options
	on      atomic.Bool
	bodies  chan arrival
	waiting atomic.Int64  // bytes of them
	more    chan struct{} // has something when something is in bodies
	changed chan struct{} // has something when the status changed

	mu       sync.Mutex // of the disk: nobody who must not wait takes it
	file     *file      // nil while nothing is recorded
	recorded int
	line     []byte

	told   sync.Mutex
	status Status
	missed atomic.Int64
}

// Status is how it is with the recording, or was with the last one.
type Status struct {
	On     bool
	Until  time.Time // it ends by itself
	Path   string    // of the file that is written; "" before the first recording
	Bodies int
	Missed int    // bodies that are not in it, because the disk was too slow
	Why    string // it ended before its time
}

// arrival is a body that was accepted.
type arrival struct {
	body []byte
	at   time.Time
}

// New returns a recorder that records nothing yet.
func New(o Options) *Recorder {
	if o.MaxFile == 0 {
		o.MaxFile = 64 << 20
	}
	return &Recorder{options: o, bodies: make(chan arrival, waitingBodies), more: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
}

// Take records a body, if that is wanted. It returns at once, and does not refer to the body any more. Of a body
// with detections the other events are recorded.
func (r *Recorder) Take(body []byte, events []gateway.Event) {
	if !r.on.Load() {
		return
	}
	if body = without(body, events); body == nil {
		return
	}
	if r.waiting.Add(int64(len(body))) > waitingBytes {
		r.miss(len(body))
		return
	}
	select {
	case r.bodies <- arrival{body, time.Now()}:
		ring(r.more)
	default:
		r.miss(len(body))
	}
}

func (r *Recorder) miss(bytes int) {
	r.waiting.Add(-int64(bytes))
	r.missed.Add(1)
}

// without returns a copy of a body without its detections, nil if nothing is left.
func without(body []byte, events []gateway.Event) []byte {
	detections := 0
	for i := range events {
		if events[i].Type == gateway.Detected {
			detections++
		}
	}
	switch detections {
	case 0:
		return bytes.Clone(body)
	case len(events):
		return nil
	}
	rest := []byte("[")
	for i := range events {
		if events[i].Type == gateway.Detected {
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(rest, events[i].Raw...)
	}
	return append(rest, ']')
}

// Begin records from now on, for so long. Where it records already, it goes on until then.
func (r *Recorder) Begin(length time.Duration) (Status, error) {
	if length < Shortest || length > Longest {
		return Status{}, fmt.Errorf("a recording lasts from %s to %s", Shortest, Longest)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		file, err := begin(r.options.Dir, r.options.MaxFile)
		if err != nil {
			return Status{}, fmt.Errorf("beginning a recording: %w", err)
		}
		r.file, r.recorded = file, 0
		r.missed.Store(0)
	}
	r.note(Status{On: true, Until: time.Now().Add(length), Path: filepath.Join(r.options.Dir, newest)})
	r.options.Log.Info("recording what is accepted", "until", r.Status().Until, "path", r.Status().Path)
	return r.Status(), nil
}

// End records no more.
func (r *Recorder) End() Status {
	r.end()
	return r.Status()
}

// end writes what was taken, and closes the file.
func (r *Recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return
	}
	r.on.Store(false)
	r.writeAll()
	if r.file != nil {
		r.finish("")
	}
}

// finish closes the file. What cannot be written is no reason to try on: a recording with holes misleads.
func (r *Recorder) finish(why string) {
	err := r.file.close()
	r.file = nil
	if why == "" && err != nil {
		why = err.Error()
	}
	s := r.Status()
	s.On, s.Why = false, why
	r.note(s)
	if why != "" {
		r.options.Log.Warn("a recording has ended before its time", "err", why)
	} else {
		r.options.Log.Info("recording ended", "bodies", s.Bodies, "path", s.Path)
	}
}

// note changes what the status says.
func (r *Recorder) note(s Status) {
	r.told.Lock()
	s.Bodies = r.recorded
	r.status = s
	r.told.Unlock()
	r.on.Store(s.On)
	ring(r.changed)
}

func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Status tells how it is with the recording. It does not wait for a disk.
func (r *Recorder) Status() Status {
	r.told.Lock()
	defer r.told.Unlock()
	s := r.status
	s.Missed = int(r.missed.Load())
	return s
}

// Run writes what is taken, and ends each recording in time, until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s := r.Status()
		if s.On {
			timer.Reset(time.Until(s.Until))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			r.end()
			return nil
		case <-r.changed:
		case <-timer.C:
			if s := r.Status(); s.On && !time.Now().Before(s.Until) {
				r.end()
			}
		case <-r.more:
			r.mu.Lock()
			r.writeAll()
			r.mu.Unlock()
		}
	}
}

// writeAll writes what was taken, if it is for the recording that goes on. It is called with the lock of the disk.
func (r *Recorder) writeAll() {
	for {
		select {
		case a := <-r.bodies:
			r.waiting.Add(-int64(len(a.body)))
			if r.file == nil {
				continue
			}
			if err := r.write(a); err != nil {
				r.finish(err.Error())
			}
		default:
			return
		}
	}
}

// write writes the line of a body.
func (r *Recorder) write(a arrival) error {
	line, err := appendLine(r.line[:0], a)
	if err != nil {
		return err
	}
	r.line = line
	if err := r.file.write(line); err != nil {
		return fmt.Errorf("writing a recording: %w", err)
	}
	r.recorded++
	r.told.Lock()
	r.status.Bodies = r.recorded
	r.told.Unlock()
	return nil
}

var errNoJSON = errors.New("writing a recording: a body that is no JSON")
