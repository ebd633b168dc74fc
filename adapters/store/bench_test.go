package store_test

import (
	"context"
	"fmt"
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
