package gateway

import "time"

// Instant is one moment as the process's two clocks tell it. Only the program and tests make one.
type Instant struct {
	Wall time.Time     // the clock on the wall: it may be wrong, and it may jump
	Mono time.Duration // since the process started: it never jumps
}

// Timestamp returns the wall clock's time.
func (i Instant) Timestamp() Timestamp { return TimestampOf(i.Wall) }

// Clock tells the time. It is safe for use by several goroutines.
type Clock func() Instant

// Timestamp is a moment in UNIX milliseconds, as Butlr counts them. Zero means: never.
type Timestamp int64

// TimestampOf returns t in milliseconds; the zero time is zero.
func TimestampOf(t time.Time) Timestamp {
	if t.IsZero() {
		return 0
	}
	return Timestamp(t.UnixMilli())
}

// Time returns the moment in UTC; zero gives the zero time.
func (t Timestamp) Time() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// Add returns the moment d later.
func (t Timestamp) Add(d time.Duration) Timestamp { return t + Timestamp(d.Milliseconds()) }

// Sub returns how much later t is than u.
func (t Timestamp) Sub(u Timestamp) time.Duration { return time.Duration(t-u) * time.Millisecond }

// Hour returns the hour of the moment, counted since 1970: increments are remembered, stored and forgotten
// by it.
func (t Timestamp) Hour() int64 { return int64(t) / time.Hour.Milliseconds() }

// Minute returns the minute of the moment, counted since 1970.
func (t Timestamp) Minute() int64 { return int64(t) / time.Minute.Milliseconds() }
