package plot

import (
	order "cmp"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden drawings anew")

var amsterdam = func() *time.Location {
	place, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic(err)
	}
	return place
}()

func people(n int) *int { return new(n) }

// outputs are those of HVAC, lighting and ventilation: y, n or ?.
func outputs(text string) (out [OutputCount]*bool) {
	for i, c := range text {
		if c != '?' {
			out[i] = new(c == 'y')
		}
	}
	return out
}

// day is a day of a room with everything that a drawing has: people come and go, an off-delay runs, the feed is
// lost, the gateway is down for an hour.
func day(from time.Time, hours int) *Course {
	at := func(hour, minute int) time.Time {
		return from.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	return &Course{
		Name: "Boardroom <Erasmus>", From: from, Until: at(hours, 0), Place: amsterdam,
		Before: &Sample{At: from.Add(-time.Hour), People: people(0), Quality: "good", Outputs: outputs("nnn")},
		Samples: []Sample{
			{At: at(8, 1), People: people(2), Quality: "good", Outputs: outputs("yyy")},
			{At: at(8, 30), People: people(7), Quality: "good", Outputs: outputs("yyy")},
			{At: at(9, 45), People: people(0), Quality: "good", Outputs: outputs("yyy"), OffDelay: true},
			{At: at(9, 55), People: people(0), Quality: "good", Outputs: outputs("nnn")},
			{At: at(14, 0), Quality: "substituted", Outputs: outputs("yyy")},
			{At: at(15, 0), People: people(3), Quality: "good", Outputs: outputs("y?y")},
			{At: at(16, 0), People: people(0), Quality: "good", Outputs: outputs("nnn")},
		},
		Runs: []Run{{from.Add(-48 * time.Hour), at(11, 30)}, {at(12, 30), at(hours, 0)}},
	}
}

func month() *Course {
	from := time.Date(2026, 3, 10, 0, 0, 0, 0, amsterdam)
	c := &Course{Name: "Level 3", From: from, Until: from.AddDate(0, 0, 31), Place: amsterdam, Runs: []Run{{from, from.AddDate(0, 0, 31)}}}
	for minute := range 31 * 24 * 60 {
		at := from.Add(time.Duration(minute) * time.Minute)
		n := 0
		if hour := at.In(amsterdam).Hour(); hour >= 8 && hour < 18 {
			n = 10 + minute%7
		}
		if minute == 12*24*60+12*60 {
			n = 99 // for a minute
		}
		c.Samples = append(c.Samples, Sample{At: at, People: &n, Quality: "good", Outputs: outputs("ynn")})
	}
	return c
}

// The drawings are as they were looked at. Seen to break it: a band without its off-delay; a gap that is not
// hatched; an axis without the greatest count.
func TestDrawingsAreGolden(t *testing.T) {
	march := time.Date(2026, 3, 10, 0, 0, 0, 0, amsterdam)
	never := &Course{Name: "never heard", From: march, Until: march.Add(24 * time.Hour), Place: amsterdam}
	for name, c := range map[string]*Course{
		"day": day(march, 24), "never": never,
		"spring": day(time.Date(2026, 3, 29, 0, 0, 0, 0, amsterdam), 23), "autumn": day(time.Date(2026, 10, 25, 0, 0, 0, 0, amsterdam), 25),
	} {
		t.Run(name, func(t *testing.T) {
			got, file := c.SVG("p", Wide), filepath.Join("testdata", name+".svg")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(lines(string(want)), lines(got)); diff != "" {
				t.Errorf("the drawing (-as it was +as it is); look at it, and -update:\n%s", diff)
			}
		})
	}
}

func lines(svg string) []string { return strings.Split(strings.ReplaceAll(svg, "><", ">\n<"), "\n") }

// A day of the change of the clocks has as many hours as it has, each as wide as the others.
// Seen to break it: midnights 24 hours apart.
func TestHoursAndMidnightsGoByTheClocksOfThePlace(t *testing.T) {
	for _, c := range []struct {
		day   time.Time
		hours int
	}{
		{time.Date(2026, 3, 28, 12, 0, 0, 0, amsterdam), 23}, {time.Date(2026, 10, 24, 12, 0, 0, 0, amsterdam), 25}, {time.Date(2026, 5, 1, 12, 0, 0, 0, amsterdam), 24},
	} {
		course := &Course{From: c.day, Until: c.day.AddDate(0, 0, 2), Place: amsterdam}
		days := course.Days()
		if len(days) != 2 || days[1].Sub(days[0]) != time.Duration(c.hours)*time.Hour || days[1].In(amsterdam).Hour() != 0 {
			t.Errorf("midnights after %s: %v", c.day, days)
		}
	}
	svg := day(time.Date(2026, 3, 29, 0, 0, 0, 0, amsterdam), 23).SVG("p", Wide)
	if strings.Contains(svg, ">02:00<") || !strings.Contains(svg, ">03:00<") {
		t.Error("the night in which two o'clock is left out shows it, or not three")
	}
}

// What is written below a drawing does not run into what is beside it, also where there is little room.
// Seen to break it: a label for every other midnight.
func TestLabelsHaveRoom(t *testing.T) {
	label := regexp.MustCompile(`<text x="([0-9.]+)" y="\d+" text-anchor="middle">([^<]+)<`)
	from := time.Date(2026, 3, 10, 17, 40, 0, 0, amsterdam)
	for _, width := range []int{Wide, Narrow} {
		for _, days := range []int{1, 31} {
			svg := (&Course{From: from, Until: from.AddDate(0, 0, days), Place: amsterdam}).SVG("p", width)
			type place struct{ from, until float64 }
			var places []place
			for _, m := range label.FindAllStringSubmatch(svg, -1) {
				x, err := strconv.ParseFloat(m[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				half := 3.5 * float64(len(m[2])) // a letter is at most 7 wide
				places = append(places, place{x - half, x + half})
			}
			slices.SortFunc(places, func(a, b place) int { return order.Compare(a.from, b.from) })
			if len(places) < 3 {
				t.Errorf("%d days, %d wide: %d labels", days, width, len(places))
			}
			for i := 1; i < len(places); i++ {
				if places[i].from < places[i-1].until {
					t.Errorf("%d days, %d wide: labels at %v and %v", days, width, places[i-1], places[i])
				}
			}
		}
	}
}

// A month with a sample each minute is no larger than what can be seen of it, and keeps its peaks.
// Seen to break it: levels not taken together; the last of them counting rather than the most.
func TestAMonthIsNoLargerThanCanBeSeen(t *testing.T) {
	c := month()
	svg := c.SVG("p", Wide)
	if len(svg) > 60_000 {
		t.Errorf("%d bytes", len(svg))
	}
	d := &drawing{course: c, columns: Wide - left - right, stretches: c.stretches()}
	most := 0
	for _, l := range d.levels() {
		most = max(most, l.people)
	}
	if most != 99 {
		t.Errorf("the greatest level is %d, want 99", most)
	}
}

// Whatever was sampled: the stretches cover the time without gap or overlap, the parts of a sum make the whole, and
// the drawing is well-formed, without any style of its own and inside its frame.
func TestEveryCourseIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC)
		minutes := rapid.IntRange(1, 4000).Draw(t, "minutes")
		c := &Course{Name: rapid.StringMatching(`[a-z<>&"']{0,8}`).Draw(t, "name"), From: from, Until: from.Add(time.Duration(minutes) * time.Minute), Place: amsterdam}
		moment := rapid.IntRange(-100, minutes+100)
		at := func(n int) time.Time { return from.Add(time.Duration(n) * time.Minute) }
		for n := -100; n < minutes+100; n += rapid.IntRange(1, 600).Draw(t, "pause") {
			s := Sample{At: at(n), Quality: rapid.SampledFrom([]string{"good", "held", "never", "forced"}).Draw(t, "quality"), Outputs: outputs(rapid.StringMatching(`[yn?]{3}`).Draw(t, "outputs"))}
			if rapid.Bool().Draw(t, "counted") {
				s.People = people(rapid.IntRange(0, 65_000).Draw(t, "people"))
			}
			s.OffDelay = rapid.Bool().Draw(t, "off-delay")
			c.Samples = append(c.Samples, s)
		}
		for range rapid.IntRange(0, 3).Draw(t, "runs") {
			a, b := moment.Draw(t, "from"), moment.Draw(t, "until")
			c.Runs = append(c.Runs, Run{at(min(a, b)), at(max(a, b))})
		}
		end := c.From
		for _, s := range c.stretches() {
			if !s.from.Equal(end) || !s.until.After(s.from) {
				t.Fatalf("a stretch from %s to %s after %s", s.from, s.until, end)
			}
			end = s.until
		}
		if !end.Equal(c.Until) {
			t.Fatalf("the stretches end at %s", end)
		}
		whole, parts := c.Sums(nil)[0], c.Sums(c.Hours())
		var added Sum
		for _, p := range parts {
			added.Occupied, added.OffDelay, added.Doubtful, added.Without = added.Occupied+p.Occupied, added.OffDelay+p.OffDelay, added.Doubtful+p.Doubtful, added.Without+p.Without
			added.Most = max(added.Most, p.Most)
		}
		if added.Occupied != whole.Occupied || added.OffDelay != whole.OffDelay || added.Doubtful != whole.Doubtful || added.Without != whole.Without || added.Most != whole.Most {
			t.Fatalf("the hours make %+v, the whole is %+v", added, whole)
		}
		wellFormed(t, c.SVG("p", Wide))
	})
}

func wellFormed(t *rapid.T, svg string) {
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		if start, ok := token.(xml.StartElement); ok {
			for _, a := range start.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Fatalf("%s has %s=%q", start.Name.Local, a.Name.Local, a.Value)
				}
				var x float64
				if a.Name.Local == "x" && start.Name.Local == "rect" {
					if _, err := fmt.Sscan(a.Value, &x); err != nil || x < left-.1 || x > Wide {
						t.Fatalf("a rectangle at %s", a.Value)
					}
				}
			}
		}
	}
}
