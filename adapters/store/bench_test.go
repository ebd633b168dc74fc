package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"butlr-gateway/adapters/store"
	"butlr-gateway/gateway"
)

// BenchmarkCommit commits histories of 31 minutes, and by turns the same with 1, so that whatever else the
// machine does slows both.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			ctx := context.WithoutCancel(b.Context()) // as the hub commits
			short, long := histories(0, size, 1), histories(1<<16, size, 31)
			var spent [2]time.Duration
			b.ReportAllocs()
			for b.Loop() {
				for i, batch := range []*gateway.Batch{short, long} {
					for j := range batch.Histories {
						h := &batch.Histories[j]
						h.Window[len(h.Window)-1].Value++
					}
					begin := time.Now()
					if err := s.Commit(ctx, batch); err != nil {
						b.Fatal(err)
					}
					spent[i] += time.Since(begin)
				}
			}
			perOp := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N) }
			b.ReportMetric(perOp(spent[0]), "µs/commit-of-1")
			b.ReportMetric(perOp(spent[1]), "µs/commit-of-31")
			b.ReportMetric(float64(spent[1])/float64(spent[0]), "31:1")
			b.ReportMetric(float64(size*b.N)/spent[1].Seconds(), "rows-of-31/s")
		})
	}
}

// histories returns a batch of the histories of so many assets.
func histories(first gateway.Number, assets, minutes int) *gateway.Batch {
	b := &gateway.Batch{}
	for i := range assets {
		b.Histories = append(b.Histories, history(first+gateway.Number(i), gateway.PeopleMinuteFeed, minutes))
	}
	return b
}

// BenchmarkCommitBesideALook commits the histories of 64 of 100 000 assets, by turns alone and while the whole state is
// looked through, so that whatever else the machine does slows both.
func BenchmarkCommitBesideALook(b *testing.B) {
	s, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ctx := context.WithoutCancel(b.Context())
	const campus = 100_000
	for from := 0; from < campus; from += 5000 {
		batch := histories(gateway.Number(from), 5000, 31)
		for i := range batch.Histories {
			n := batch.Histories[i].Asset
			batch.Assets = append(batch.Assets, asset(n, fmt.Sprint("room_", n)))
		}
		if err := s.Commit(ctx, batch); err != nil {
			b.Fatal(err)
		}
	}
	var spent [2][]time.Duration
	var looked []time.Duration
	commits := func(until <-chan error) (took []time.Duration) {
		batch := histories(0, 64, 31)
		for i := 0; ; i++ {
			select {
			case err := <-until:
				if err != nil {
					b.Fatal(err)
				}
				return took
			default:
			}
			for j := range batch.Histories {
				h := &batch.Histories[j]
				h.Asset = gateway.Number((int(h.Asset) + 1567) % campus)
				h.Window[len(h.Window)-1].Value++
			}
			begin := time.Now()
			if err := s.Commit(ctx, batch); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begin))
			time.Sleep(2 * time.Millisecond)
		}
	}
	for b.Loop() {
		done := make(chan error, 1)
		go func() {
			begin := time.Now()
			err := s.Check(ctx)
			looked = append(looked, time.Since(begin))
			done <- err
		}()
		spent[1] = append(spent[1], commits(done)...)
		go func() { time.Sleep(looked[len(looked)-1]); done <- nil }()
		spent[0] = append(spent[0], commits(done)...)
	}
	for i, name := range []string{"alone", "beside"} {
		slices.Sort(spent[i])
		b.ReportMetric(float64(spent[i][len(spent[i])/2].Microseconds()), "µs-p50-"+name)
		b.ReportMetric(float64(spent[i][len(spent[i])*99/100].Microseconds()), "µs-p99-"+name)
	}
	slices.Sort(looked)
	b.ReportMetric(float64(looked[len(looked)/2].Milliseconds()), "ms/look")
}
