package gateway

import (
	"errors"
	"time"
)

// Hours are the times of the week in which a building is in use.
type Hours struct {
	text string
}

// ParseHours reads hours such as "Mon-Fri 06:00-20:00, Sat 08:00-12:00".
func ParseHours(text string) (*Hours, error) { return nil, errors.New("not built") }

// String returns the hours as they were written.
func (h *Hours) String() string { return h.text }

// Inside tells whether the building is in use at that moment, by the clocks of that place.
func (h *Hours) Inside(t Timestamp, place *time.Location) bool { return false }

// Next returns when the answer of [Hours.Inside] changes next after that moment, 0 if it never does.
func (h *Hours) Next(t Timestamp, place *time.Location) Timestamp { return 0 }
