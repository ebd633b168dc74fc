package mqtt

import (
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

const (
	newsRoom  = 1024             // things that happened and are not told yet; the oldest give way
	newsFresh = 60 * time.Second // what happened longer ago is told nobody
	newsShare = 10               // of what happened is said before each asset that waits
)

// ring keeps the last things that happened. They are news or nothing: what could not be told soon is
// dropped, and counted.
type ring struct {
	places  []piece // grows to newsRoom
	oldest  int
	count   int
	dropped uint64
}

// piece is something that happened, and when this process was told.
type piece struct {
	what gateway.Happening
	mono time.Duration
}

func (r *ring) add(h *gateway.Happening, i gateway.Instant) {
	p := piece{*h, i.Mono}
	switch {
	case r.count == newsRoom:
		r.places[r.oldest] = p
		r.oldest = (r.oldest + 1) % newsRoom
		r.dropped++
		return
	case len(r.places) < newsRoom:
		r.places = append(r.places, p)
	default:
		r.places[(r.oldest+r.count)%newsRoom] = p
	}
	r.count++
}

// take takes the oldest piece that is still news.
func (r *ring) take(i gateway.Instant) (h gateway.Happening, ok bool) {
	for r.count > 0 {
		p := r.places[r.oldest]
		r.places[r.oldest] = piece{}
		r.oldest = (r.oldest + 1) % newsRoom
		if r.count--; r.count == 0 {
			r.places, r.oldest = r.places[:0], 0
		}
		if i.Mono-p.mono <= newsFresh {
			return p.what, true
		}
		r.dropped++
	}
	return h, false
}

// appendHappening appends what happened as JSON.
func appendHappening(b []byte, h *gateway.Happening) []byte {
	b = append(b, '{')
	if h.Type == gateway.Traffic {
		b = appendText(b, "type", "crossing")
		b = appendInt(b, "in", int64(h.In))
		b = appendInt(b, "out", int64(h.Out))
	} else {
		b = appendText(b, "type", "motion")
		b = strconv.AppendBool(appendKey(b, "motion"), h.Type == gateway.MotionStarted)
	}
	b = appendTime(b, "at", h.At)
	return append(appendText(b, "id", h.ID), '}')
}

// appendDetections appends where a sensor sees people as JSON: x and y as fractions of its field of view,
// world_x and world_y in metres from the origin of the floor's plan.
func appendDetections(b []byte, h *gateway.Happening) []byte {
	b = append(b, '{')
	b = appendTime(b, "at", h.At)
	b = append(appendKey(b, "people"), '[')
	for i := range h.Found {
		if i > 0 {
			b = append(b, ',')
		}
		p := &h.Found[i]
		b = append(b, '{')
		b = appendFraction(b, "x", p.X)
		b = appendFraction(b, "y", p.Y)
		b = appendFraction(b, "world_x", p.WorldX)
		b = append(appendFraction(b, "world_y", p.WorldY), '}')
	}
	return append(b, ']', '}')
}

func appendFraction(b []byte, key string, v float64) []byte {
	return strconv.AppendFloat(appendKey(b, key), v, 'g', -1, 64)
}
