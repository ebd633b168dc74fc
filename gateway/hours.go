package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are the times of the week in which a building is in use, by the clocks on its walls. An hour that
// these skip or repeat when they are put forward or back is skipped or repeated here too.
type Hours struct {
	text  string
	spans []span // in order; they neither overlap nor touch, except across the end of the week
}

// span is a part of the week, in minutes since Monday 00:00: from is inside, to no longer.
type span struct{ from, to int }

const (
	minutesOfDay  = 24 * 60
	minutesOfWeek = 7 * minutesOfDay
)

// HoursExample is what [ParseHours] reads.
const HoursExample = "Mon-Fri 06:00-20:00, Sat 08:00-12:00"

// HoursError tells which part of a text keeps it from being hours.
type HoursError struct {
	Part    string
	Message string // continues the sentence that the part begins
}

// Error says what is wrong, and how hours are written.
func (e *HoursError) Error() string {
	return fmt.Sprintf("reading hours: %q %s; write them as in %q", e.Part, e.Message, HoursExample)
}

// ParseHours reads hours such as "Mon-Fri 06:00-20:00, Sat 08:00-12:00". Entries stand between commas:
// first days, each alone ("Sat Sun") or as a range ("Mon-Fri", "Fri-Mon"), by the first three letters of
// their English names in capitals or not; then the times from and to. 24:00 can be an end. An end that is
// not after its beginning is on the next day: "Fri 22:00-06:00" ends on Saturday, and "Sat 00:00-00:00"
// is the whole day. Entries may overlap. An error is an [HoursError].
func ParseHours(text string) (*Hours, error) {
	h := &Hours{text: text}
	for entry := range strings.SplitSeq(text, ",") {
		if err := h.add(strings.TrimSpace(entry)); err != nil {
			return nil, err
		}
	}
	h.merge()
	return h, nil
}

// add takes up one entry.
func (h *Hours) add(entry string) error {
	fields := strings.Fields(entry)
	if len(fields) == 0 {
		return &HoursError{h.text, "has an entry with nothing in it"}
	}
	last := len(fields) - 1
	if _, err := parseDays(fields[last]); err == nil {
		return &HoursError{entry, "has no times behind its days"}
	}
	from, to, err := parseTimes(fields[last])
	switch {
	case err != nil:
		return err
	case last == 0:
		return &HoursError{entry, "has no days before its times"}
	case to <= from:
		to += minutesOfDay
	}
	for _, field := range fields[:last] {
		days, err := parseDays(field)
		if err != nil {
			return err
		}
		for day, among := range days {
			if among {
				h.addSpan(span{day*minutesOfDay + from, day*minutesOfDay + to})
			}
		}
	}
	return nil
}

// addSpan adds a span that may reach beyond the end of the week.
func (h *Hours) addSpan(s span) {
	if s.to > minutesOfWeek {
		h.spans = append(h.spans, span{0, s.to - minutesOfWeek})
		s.to = minutesOfWeek
	}
	h.spans = append(h.spans, s)
}

// merge makes one span of those that overlap or touch.
func (h *Hours) merge() {
	slices.SortFunc(h.spans, func(a, b span) int { return a.from - b.from })
	merged := h.spans[:1]
	for _, s := range h.spans[1:] {
		if last := &merged[len(merged)-1]; s.from <= last.to {
			last.to = max(last.to, s.to)
			continue
		}
		merged = append(merged, s)
	}
	h.spans = slices.Clip(merged)
}

var dayNames = [7]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// parseDays reads a day or a range of days, which may run over the end of the week.
func parseDays(text string) (days [7]bool, err error) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, to := dayOf(first), dayOf(last)
	if from < 0 || to < 0 {
		return days, &HoursError{text, "is neither a day, as Mon, nor a range of days, as Mon-Fri"}
	}
	for day := from; ; day = (day + 1) % len(days) {
		days[day] = true
		if day == to {
			return days, nil
		}
	}
}

func dayOf(name string) int {
	return slices.IndexFunc(dayNames[:], func(n string) bool { return strings.EqualFold(n, name) })
}

// parseTimes reads a beginning and an end, in minutes since midnight.
func parseTimes(text string) (from, to int, err error) {
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		return 0, 0, &HoursError{text, "is not two times with a hyphen between them"}
	}
	if from, err = parseTime(first); err != nil {
		return 0, 0, err
	}
	if to, err = parseTime(last); err != nil {
		return 0, 0, err
	}
	if from == minutesOfDay {
		return 0, 0, &HoursError{text, "begins at 24:00, which can only be an end"}
	}
	return from, to, nil
}

func parseTime(text string) (int, error) {
	wrong := &HoursError{text, "is not a time from 00:00 to 24:00"}
	if len(text) != len("00:00") || text[2] != ':' {
		return 0, wrong
	}
	hour, badHour := strconv.ParseUint(text[:2], 10, 8)
	minute, badMinute := strconv.ParseUint(text[3:], 10, 8)
	if total := int(60*hour + minute); badHour == nil && badMinute == nil && minute < 60 && total <= minutesOfDay {
		return total, nil
	}
	return 0, wrong
}

// String returns the hours as they were written.
func (h *Hours) String() string { return h.text }

// Inside tells whether the building is in use at that moment, by the clocks of that place; nil is UTC.
func (h *Hours) Inside(t Timestamp, place *time.Location) bool {
	inside, _ := h.look(localTime(t, place))
	return inside
}

// Next returns when the answer of [Hours.Inside] changes next after that moment, 0 if it never does.
func (h *Hours) Next(t Timestamp, place *time.Location) Timestamp {
	if len(h.spans) == 0 || h.spans[0] == (span{0, minutesOfWeek}) {
		return 0
	}
	local := localTime(t, place)
	for inside, left := h.look(local); ; {
		change := t.Add(left)
		_, end := local.ZoneBounds()
		if end.IsZero() || change < TimestampOf(end) {
			return change
		}
		t = TimestampOf(end) // here the clocks are put forward or back
		local = localTime(t, place)
		now, next := h.look(local)
		if now != inside {
			return t
		}
		left = next
	}
}

func localTime(t Timestamp, place *time.Location) time.Time {
	if place == nil {
		place = time.UTC
	}
	return time.UnixMilli(int64(t)).In(place)
}

// look tells whether a moment is inside, and how long the clocks run until that changes, if nobody puts
// them forward or back and it changes at all.
func (h *Hours) look(local time.Time) (inside bool, left time.Duration) {
	hour, minute, second := local.Clock()
	now := (int(local.Weekday())+6)%7*minutesOfDay + hour*60 + minute
	change := minutesOfWeek
	if len(h.spans) > 0 {
		change += h.spans[0].from // of the next week, unless this one has one
	}
	for _, s := range h.spans {
		if now < s.from {
			change = s.from
			break
		}
		if now < s.to {
			inside, change = true, s.to
			if first := h.spans[0]; s.to == minutesOfWeek && first.from == 0 {
				change += first.to
			}
			break
		}
	}
	sinceMinute := time.Duration(second)*time.Second + time.Duration(local.Nanosecond())
	return inside, time.Duration(change-now)*time.Minute - sinceMinute
}
