package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

var noon = gateway.TimestampOf(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))

func openSamples(t testing.TB, o store.SamplesOptions) *store.Samples {
	t.Helper()
	s, err := store.OpenSamples(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keep has everything written that was published, and closes.
func keep(t testing.TB, s *store.Samples) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// counted is an asset with so many people; -1 is unknown.
func counted(id string, people int) gateway.Snapshot {
	s := gateway.Snapshot{
		Asset: &gateway.Asset{ID: gateway.AssetID(id), Kind: gateway.Room}, Quality: gateway.Good,
		Has: gateway.MeasuresOf(gateway.People, gateway.HVAC),
	}
	if people >= 0 {
		s.Readings[gateway.People] = gateway.Reading{Value: int64(people), Known: true, Quality: gateway.Good}
		s.Readings[gateway.HVAC] = gateway.Reading{Value: int64(min(people, 1)), Known: true, Quality: gateway.Good}
	}
	return s
}

func look(t testing.TB, s *store.Samples, id string, from, until gateway.Timestamp) *store.Past {
	t.Helper()
	past, err := s.Look(t.Context(), gateway.AssetID(id), from, until)
	if err != nil {
		t.Fatal(err)
	}
	return past
}

// What is read back is the last state of each minute in which it changed, and what was before, whenever the
// gateway was stopped in between.
//
// Seen to break it: the first state of a minute kept, an equal sample written again, the open minute lost at the
// stop, from and until exchanged in one comparison, the day before not looked at.
func TestSamplesAreTheLastOfEachMinute(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "samples")
		if err != nil {
			t.Fatal(err)
		}
		s := openSamples(t, store.SamplesOptions{Dir: dir})
		now := noon
		type moment struct {
			minute gateway.Timestamp
			people int
			first  bool // of its process: it is there in any case
		}
		var model []moment
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			now = now.Add(rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Second, time.Minute, time.Hour, 13 * time.Hour}).Draw(rt, "later"))
			people := rapid.IntRange(-1, 2).Draw(rt, "people")
			s.Publish(&gateway.Update{Now: now, Changed: []gateway.Snapshot{counted("room_1", people), counted("room_2", 7)}})
			minute := now - now%60_000
			if n := len(model); n > 0 && model[n-1].minute == minute {
				model[n-1].people = people
				if n > 1 && model[n-2].people == people && !model[n-1].first {
					model = model[:n-1]
				}
			} else if n == 0 || model[n-1].people != people {
				model = append(model, moment{minute, people, n == 0})
			}
			if rapid.IntRange(0, 29).Draw(rt, "restart") == 7 {
				keep(t, s)
				s = openSamples(t, store.SamplesOptions{Dir: dir})
				now = now.Add(time.Minute) // in the minute of a restart there may be a sample too many
				s.Publish(&gateway.Update{Now: now, Changed: []gateway.Snapshot{counted("room_1", people), counted("room_2", 7)}})
				model = append(model, moment{now - now%60_000, people, true})
			}
		}
		keep(t, s)
		s = openSamples(t, store.SamplesOptions{Dir: dir})
		defer s.Close()
		from := now.Add(-rapid.SampledFrom([]time.Duration{0, time.Minute, 5 * time.Hour, 30 * time.Hour, 400 * time.Hour}).Draw(rt, "back"))
		until := rapid.SampledFrom([]gateway.Timestamp{now + 1, now - now%60_000}).Draw(rt, "until")
		past := look(t, s, "room_1", from, until)
		var want, got []moment
		before := -2
		for _, m := range model {
			if m.minute >= until {
				break
			}
			if m.minute < from {
				before = m.people
				continue
			}
			m.first = false
			want = append(want, m)
		}
		for _, sample := range past.Samples {
			got = append(got, moment{sample.Minute, sample.People, false})
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(moment{})); diff != "" {
			rt.Fatalf("(-want +got):\n%s", diff)
		}
		if was := -2; past.Before != nil && past.Before.People != before || past.Before == nil && before != was {
			rt.Fatalf("before is %+v, want %d people", past.Before, before)
		}
	})
}

// Seen to break it: a bit of an answer moved, the quality cut to two bits.
func TestASampleTellsWhatWasShown(t *testing.T) {
	dir := t.TempDir()
	s := openSamples(t, store.SamplesOptions{Dir: dir})
	full := counted("room_1", 65534)
	full.Quality, full.OffDelayEnds = gateway.OutOfService, noon
	full.Has |= gateway.MeasuresOf(gateway.Lighting, gateway.Ventilation, gateway.Motion)
	full.Readings[gateway.Lighting] = gateway.Reading{Known: true}
	full.Readings[gateway.Motion] = gateway.Reading{Known: true, Value: 1}
	s.Publish(&gateway.Update{Now: noon, Changed: []gateway.Snapshot{full}})
	keep(t, s)
	s = openSamples(t, store.SamplesOptions{Dir: dir})
	defer s.Close()
	want := []store.Sample{{
		Minute: noon, People: 65534, Quality: gateway.OutOfService, Lighting: store.No, HVAC: store.Yes, Ventilation: store.Unknown,
		Motion: store.Yes, OffDelay: true,
	}}
	if diff := cmp.Diff(want, look(t, s, "room_1", noon, noon+1).Samples); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A gateway that did not run knows nothing of that time, and says so.
func TestRunsTellWhenNobodyLooked(t *testing.T) {
	dir := t.TempDir()
	var want []store.Run
	for day := range gateway.Timestamp(3) {
		s := openSamples(t, store.SamplesOptions{Dir: dir})
		from := noon + day*86_400_000
		for minute := range gateway.Timestamp(5) {
			s.Publish(&gateway.Update{Now: from + minute*60_000, Changed: []gateway.Snapshot{counted("room_1", int(minute))}})
		}
		want = append(want, store.Run{From: from + 4*60_000, Until: from + 4*60_000}) // written once, at the stop
		keep(t, s)
	}
	s := openSamples(t, store.SamplesOptions{Dir: dir})
	defer s.Close()
	if diff := cmp.Diff(want[1:], look(t, s, "room_1", noon+86_400_000, noon+4*86_400_000).Runs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The oldest days give way: those that are too old, and those for which there is no room.
//
// Seen to break it: trim that never drops, that drops the newest, that counts free pages as used.
func TestTheOldestDaysGiveWay(t *testing.T) {
	for name, c := range map[string]struct {
		maximum    int64
		days, want int
	}{
		"31 days and today": {0, 40, store.SampleDays + 1},
		"a small disk":      {150 << 10, 20, 4},
	} {
		t.Run(name, func(t *testing.T) {
			o := store.SamplesOptions{Dir: t.TempDir(), Maximum: c.maximum}
			for day := range c.days {
				s := openSamples(t, o)
				at := noon.Add(time.Duration(day) * 24 * time.Hour)
				for minute := range 8 {
					u := &gateway.Update{Now: at.Add(time.Duration(minute) * time.Minute)}
					for room := range 100 {
						u.Changed = append(u.Changed, counted(fmt.Sprintf("room_%d", room), minute%3))
					}
					s.Publish(u)
				}
				keep(t, s)
			}
			s := openSamples(t, o)
			defer s.Close()
			bytes, oldest, err := s.Size(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			first := noon.Add(time.Duration(c.days-c.want) * 24 * time.Hour)
			if days := int((noon.Add(time.Duration(c.days)*24*time.Hour) - oldest) / 86_400_000); c.maximum == 0 && days != c.want || days < 2 || days > c.want+8 {
				t.Errorf("%d days are kept, want %d, from %v", days, c.want, first)
			}
			if c.maximum > 0 && bytes > c.maximum {
				t.Errorf("%d bytes are used, more than %d", bytes, c.maximum)
			}
		})
	}
}

// A history that cannot be read is no reason not to serve.
func TestABrokenHistoryBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "history.db"), []byte("this is no database, and was never one; it is long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openSamples(t, store.SamplesOptions{Dir: dir})
	s.Publish(&gateway.Update{Now: noon, Changed: []gateway.Snapshot{counted("room_1", 4)}})
	keep(t, s)
	s = openSamples(t, store.SamplesOptions{Dir: dir})
	defer s.Close()
	if got := look(t, s, "room_1", noon, noon+1).Samples; len(got) != 1 {
		t.Errorf("%d samples, want one", len(got))
	}
}

func BenchmarkSamples(b *testing.B) {
	s := openSamples(b, store.SamplesOptions{Dir: b.TempDir()})
	defer s.Close()
	u := &gateway.Update{Now: noon, Changed: []gateway.Snapshot{counted("room_1", 4)}}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		u.Changed[0].Readings[gateway.People].Value = int64(n % 50)
		s.Publish(u)
	}
}
