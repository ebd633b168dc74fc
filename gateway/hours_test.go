package gateway_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"butlr-gateway/gateway"

	"pgregory.net/rapid"
)

func parseHours(t testing.TB, text string) *gateway.Hours {
	t.Helper()
	h, err := gateway.ParseHours(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func place(t testing.TB, name string) *time.Location {
	t.Helper()
	p, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// moment reads a time of day in a place, "2026-03-29 01:59:59 +0100" or without the offset in UTC.
func moment(t testing.TB, text string) gateway.Timestamp {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05 -0700", time.DateTime} {
		if m, err := time.Parse(layout, text); err == nil {
			return gateway.TimestampOf(m)
		}
	}
	t.Fatalf("%q is no moment", text)
	return 0
}

func TestHoursOfAWeek(t *testing.T) {
	// 2026-03-09 is a Monday.
	const mon, tue, wed, thu, fri, sat, sun, next = "2026-03-09", "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-13", "2026-03-14", "2026-03-15", "2026-03-16"
	tests := []struct {
		hours           string
		inside, outside []string
	}{
		{
			"Mon-Fri 06:00-20:00, Sat 08:00-12:00",
			[]string{mon + " 06:00:00", wed + " 12:00:00", fri + " 19:59:59", sat + " 08:00:00", sat + " 11:59:59"},
			[]string{mon + " 05:59:59", mon + " 20:00:00", fri + " 20:00:00", sat + " 07:59:59", sat + " 12:00:00", sun + " 10:00:00"},
		},
		{"Mon-Fri 22:00-06:00", []string{mon + " 22:00:00", tue + " 05:59:59", sat + " 05:59:59"}, []string{mon + " 05:59:59", tue + " 06:00:00", sat + " 06:00:00", sat + " 23:00:00"}},
		{"Sun 22:00-06:00", []string{sun + " 23:59:59", next + " 00:00:00", next + " 05:59:59", mon + " 03:00:00"}, []string{sun + " 21:59:59", next + " 06:00:00"}},
		{"Fri-Mon 10:00-11:00", []string{fri + " 10:00:00", sat + " 10:30:00", sun + " 10:30:00", mon + " 10:30:00"}, []string{tue + " 10:30:00", thu + " 10:30:00"}},
		{"Mon Wed-Thu Sun 10:00-11:00", []string{mon + " 10:30:00", wed + " 10:30:00", thu + " 10:30:00", sun + " 10:30:00"}, []string{tue + " 10:30:00", fri + " 10:30:00", sat + " 10:30:00"}},
		{"mon-FRI 18:00-24:00", []string{fri + " 23:59:59"}, []string{sat + " 00:00:00"}},
		{"Sat 00:00-00:00", []string{sat + " 00:00:00", sat + " 23:59:59"}, []string{fri + " 23:59:59", sun + " 00:00:00"}},
		{"Sat 09:00-09:00", []string{sat + " 09:00:00", sun + " 08:59:59"}, []string{sat + " 08:59:59", sun + " 09:00:00"}},
		{"Mon-Fri 06:00-20:00,Wed 05:00-21:00 , Wed 12:00-13:00", []string{wed + " 05:00:00", wed + " 20:59:59", tue + " 19:59:59"}, []string{wed + " 04:59:59", wed + " 21:00:00", tue + " 20:00:00"}},
		{"Mon-Sun 00:00-24:00", []string{mon + " 00:00:00", sun + " 23:59:59"}, nil},
	}
	for _, test := range tests {
		t.Run(test.hours, func(t *testing.T) {
			h := parseHours(t, test.hours)
			for _, m := range test.inside {
				if !h.Inside(moment(t, m), time.UTC) {
					t.Errorf("%s is outside", m)
				}
			}
			for _, m := range test.outside {
				if h.Inside(moment(t, m), time.UTC) {
					t.Errorf("%s is inside", m)
				}
			}
			if h.String() != test.hours {
				t.Errorf("it is written %q", h)
			}
		})
	}
}

func TestHoursThatNeverChange(t *testing.T) {
	now := moment(t, "2026-03-09 12:00:00")
	for _, text := range []string{"Mon-Sun 00:00-24:00", "Tue-Mon 07:00-07:00", "Mon-Sun 00:00-12:00, Mon-Sun 12:00-24:00"} {
		h := parseHours(t, text)
		if !h.Inside(now, time.UTC) || h.Next(now, time.UTC) != 0 {
			t.Errorf("%s: inside %v, next %v", text, h.Inside(now, time.UTC), h.Next(now, time.UTC))
		}
	}
	var none gateway.Hours
	if none.Inside(now, time.UTC) || none.Next(now, time.UTC) != 0 {
		t.Error("hours without an entry are sometimes inside")
	}
}

func TestHoursThatCannotBeRead(t *testing.T) {
	const day, clock = "is neither a day, as Mon, nor a range of days, as Mon-Fri", "is not a time from 00:00 to 24:00"
	tests := []struct{ text, part, want string }{
		{"", "", "has an entry with nothing in it"},
		{"Mon 06:00-20:00,", "Mon 06:00-20:00,", "has an entry with nothing in it"},
		{"Mon-Fri", "Mon-Fri", "has no times behind its days"},
		{"Mon 06:00-20:00, Sat Sun", "Sat Sun", "has no times behind its days"},
		{"06:00-20:00", "06:00-20:00", "has no days before its times"},
		{"Monday 06:00-20:00", "Monday", day},
		{"Mo-Fr 06:00-20:00", "Mo-Fr", day},
		{"Mon-Wed-Fri 06:00-20:00", "Mon-Wed-Fri", day},
		{"Mon- 06:00-20:00", "Mon-", day},
		{"Mon-Fri 06:00-12:00 13:00-20:00", "06:00-12:00", day},
		{"Mon-Fri 06:00–20:00", "06:00–20:00", "is not two times with a hyphen between them"},
		{"Mon 06:00", "06:00", "is not two times with a hyphen between them"},
		{"Mon 6:00-20:00", "6:00", clock},
		{"Mon 06:00-20:60", "20:60", clock},
		{"Mon 06:00-24:01", "24:01", clock},
		{"Mon 06.00-20.00", "06.00", clock},
		{"Mon +6:00-20:00", "+6:00", clock},
		{"Mon 06:00-", "", clock},
		{"Mon 24:00-06:00", "24:00-06:00", "begins at 24:00, which can only be an end"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			h, err := gateway.ParseHours(test.text)
			if err == nil {
				t.Fatalf("it is read as %v", h)
			}
			said, ok := errors.AsType[*gateway.HoursError](err)
			if !ok || said.Part != test.part || said.Message != test.want {
				t.Errorf("got %v, want %q %s", err, test.part, test.want)
			}
			if text := err.Error(); !strings.HasPrefix(text, "reading hours: ") || !strings.Contains(text, gateway.HoursExample) {
				t.Errorf("no way out: %s", text)
			}
		})
	}
	parseHours(t, gateway.HoursExample)
}

// TestHoursWhenTheClocksChange has the changes that a scan finds hard to show: those at the very moment
// at which the clocks are put forward or back.
func TestHoursWhenTheClocksChange(t *testing.T) {
	tests := []struct{ name, hours, place, from, want string }{
		{"an hour that begins in the skipped one", "Sun 02:30-12:00", "Europe/Amsterdam", "2026-03-29 00:00:00 +0100", "2026-03-29 03:00:00 +0200"},
		{"an hour that ends in the skipped one", "Sun 00:00-02:30", "Europe/Amsterdam", "2026-03-29 01:00:00 +0100", "2026-03-29 03:00:00 +0200"},
		{"an hour that lies in the skipped one", "Sun 02:10-02:50", "Europe/Amsterdam", "2026-03-29 01:00:00 +0100", "2026-04-05 02:10:00 +0200"},
		{"the first half of the repeated hour", "Sun 02:00-02:30", "Europe/Amsterdam", "2026-10-25 02:10:00 +0200", "2026-10-25 02:30:00 +0200"},
		{"its second half begins where it repeats", "Sun 02:00-02:30", "Europe/Amsterdam", "2026-10-25 02:30:00 +0200", "2026-10-25 02:00:00 +0100"},
		{"an hour that ends where it repeats", "Sun 02:30-03:00", "Europe/Amsterdam", "2026-10-25 02:30:00 +0200", "2026-10-25 02:00:00 +0100"},
		{"a morning after the night with 23 hours", "Sun 06:00-07:00", "Europe/Amsterdam", "2026-03-28 06:30:00 +0100", "2026-03-29 06:00:00 +0200"},
		{"a morning after the night with 25 hours", "Sun 06:00-07:00", "America/New_York", "2026-10-31 23:00:00 -0400", "2026-11-01 06:00:00 -0500"},
		{"clocks that move by half an hour", "Sun 01:30-02:00", "Australia/Lord_Howe", "2026-04-05 01:45:00 +1100", "2026-04-05 02:00:00 +1030"},
		{"a day that never was", "Fri 00:00-24:00", "Pacific/Apia", "2011-12-29 23:00:00 -1000", "2012-01-06 00:00:00 +1400"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, p := parseHours(t, test.hours), place(t, test.place)
			if got, want := h.Next(moment(t, test.from), p), moment(t, test.want); got != want {
				t.Errorf("from %s it changes at %v, not at %v", test.from, got.Time().In(p), want.Time().In(p))
			}
		})
	}
}

// TestHoursAgainstAScan compares Next with Inside asked minute by minute, over the weeks in which clocks
// are put forward or back.
func TestHoursAgainstAScan(t *testing.T) {
	weeks := map[string][]string{
		"Europe/Amsterdam":    {"2026-03-26 00:00:00", "2026-10-22 00:00:00"},
		"America/New_York":    {"2026-03-05 00:00:00", "2026-10-29 00:00:00"},
		"Australia/Lord_Howe": {"2026-04-02 00:00:00", "2026-10-01 00:00:00"},
		"UTC":                 {"1969-12-29 00:00:00"},
	}
	for name, starts := range weeks {
		for _, start := range starts {
			t.Run(name+" "+start, func(t *testing.T) {
				p, first := place(t, name), moment(t, start)
				rapid.Check(t, func(t *rapid.T) { scan(t, drawHours(t), p, first) })
			})
		}
	}
}

const scannedMinutes = 8 * 24 * 60

func scan(t *rapid.T, text string, p *time.Location, first gateway.Timestamp) {
	h, err := gateway.ParseHours(text)
	if err != nil {
		t.Fatal(err)
	}
	minute := func(i int) gateway.Timestamp { return first + gateway.Timestamp(i)*60_000 }
	next := gateway.Timestamp(0) // the change that the scan came past, going back in time
	after := h.Inside(minute(scannedMinutes), p)
	for i := scannedMinutes - 1; i >= 0; i-- {
		inside := h.Inside(minute(i), p)
		if inside != after {
			next = minute(i + 1)
		}
		after = inside
		if i%97 != 0 && next != minute(i+1) { // not every minute asks, but every edge does
			continue
		}
		for _, within := range []gateway.Timestamp{0, 1, 59_999} {
			from := minute(i) + within
			got := h.Next(from, p)
			switch {
			case next != 0 && got != next:
				t.Fatalf("%q: from %v it changes at %v, and the scan says %v", text, from.Time().In(p), got.Time().In(p), next.Time().In(p))
			case next == 0 && got != 0 && got <= minute(scannedMinutes):
				t.Fatalf("%q: from %v it changes at %v, and the scan finds no change", text, from.Time().In(p), got.Time().In(p))
			}
		}
	}
}

// drawHours draws hours with edges in the nights above all, where clocks change.
func drawHours(t *rapid.T) string {
	day := rapid.SampledFrom([]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"})
	clock := rapid.Custom(func(t *rapid.T) string {
		hour := rapid.OneOf(rapid.IntRange(0, 4), rapid.IntRange(0, 23)).Draw(t, "hour")
		return fmt.Sprintf("%02d:%02d", hour, rapid.SampledFrom([]int{0, 15, 30, 59}).Draw(t, "minute"))
	})
	entries := make([]string, rapid.IntRange(1, 4).Draw(t, "entries"))
	for i := range entries {
		days := day.Draw(t, "day")
		if rapid.Bool().Draw(t, "a range") {
			days += "-" + day.Draw(t, "last day")
		}
		end := clock.Draw(t, "end")
		if rapid.IntRange(0, 5).Draw(t, "to the end of the day") == 0 {
			end = "24:00"
		}
		entries[i] = days + " " + clock.Draw(t, "beginning") + "-" + end
	}
	return strings.Join(entries, ", ")
}

func TestHoursNeedNoMemory(t *testing.T) {
	h, p := parseHours(t, gateway.HoursExample), place(t, "Europe/Amsterdam")
	now := moment(t, "2026-03-27 21:00:00 +0100")
	if n := testing.AllocsPerRun(100, func() {
		_ = h.Inside(now, p)
		_ = h.Next(now, p)
		_ = h.Next(now, nil)
	}); n > 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// FuzzHours reads anything: what is read stays within the week and never answers with the past.
func FuzzHours(f *testing.F) {
	f.Add("Mon-Fri 06:00-20:00, Sat 08:00-12:00", int64(1_774_700_000_000))
	f.Add("Fri-Mon 22:00-06:00", int64(0))
	amsterdam := place(f, "Europe/Amsterdam")
	f.Fuzz(func(t *testing.T, text string, at int64) {
		h, err := gateway.ParseHours(text)
		if err != nil {
			return
		}
		from := gateway.Timestamp(at % 4_102_444_800_000) // until 2100
		for range 20 {
			next := h.Next(from, amsterdam)
			if next == 0 {
				return
			}
			if next <= from || h.Inside(next, amsterdam) == h.Inside(from, amsterdam) || h.Inside(next-1, amsterdam) != h.Inside(from, amsterdam) {
				t.Fatalf("%q: from %d it changes at %d", text, from, next)
			}
			from = next
		}
	})
}
