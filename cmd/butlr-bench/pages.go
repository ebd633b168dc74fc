package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// pageSection is the page of a gateway that is measured.
const pageSection = "[web]\nlisten = \"127.0.0.1:0\"\n"

// pagesCommand measures what open pages cost whoever sends events: by turns, a gateway that nobody looks at and
// one whose live stream many follow take events as fast as they can. Those who follow run on this machine too, so
// that what it takes them to read is in the figure.
func pagesCommand(ctx context.Context, args []string, w io.Writer) error {
	f := flag.NewFlagSet("pages", flag.ContinueOnError)
	program := f.String("gateway", "bin/butlr-gateway", "the program to measure")
	pages := f.Int("pages", 50, "open pages")
	rounds := f.Int("rounds", 15, "turns of each")
	turn := f.Duration("turn", time.Second, "how long a turn lasts")
	rooms := f.Int("rooms", 1000, "rooms of the building")
	if err := f.Parse(args); err != nil {
		return err
	}
	var takers [2]*taker
	for k := range takers {
		t, err := newTaker(ctx, *program, pageSection, *rooms)
		if err != nil {
			return err
		}
		defer t.stop()
		takers[k] = t
	}
	follow, stop := context.WithCancel(ctx)
	defer stop()
	var read, lost atomic.Int64
	for range *pages {
		stream, err := openStream(follow, takers[1].page)
		if err != nil {
			return err
		}
		go func() {
			defer stream.Close()
			if _, err := io.Copy(counter{&read}, stream); err != nil && follow.Err() != nil {
				return // this has ended
			}
			lost.Add(1)
		}()
	}
	for round := range *rounds + 1 {
		for k := range takers {
			t := takers[(k+round)%2] // the other one goes first each time
			if err := t.turn(ctx, *turn); err != nil {
				return err
			}
			if round == 0 {
				t.rates, t.late = nil, nil // warming up
			}
		}
		if round == 0 {
			read.Store(0)
		}
	}
	without, with := takers[0], takers[1]
	fmt.Fprintf(w, "%d rooms, 16 connections, one event a request, %d turns of %v each, medians:\n", *rooms, *rounds, *turn)
	fmt.Fprintf(w, "  no page       %8.0f events/s  p99 %6.0f µs\n", median(without.rates), median(without.late))
	fmt.Fprintf(w, "  %3d pages     %8.0f events/s  p99 %6.0f µs  %d streams cut off, %.1f MB/s read by all of them\n", *pages,
		median(with.rates), median(with.late), lost.Load(), float64(read.Load())/1e6/(float64(*rounds)*turn.Seconds()*2))
	_, err := fmt.Fprintf(w, "  ratio         %8.3f           p99 %6.3f     (of the two turns of a pair)\n",
		median(ratios(with.rates, without.rates)), median(ratios(with.late, without.late)))
	return err
}

// openStream follows a gateway as its page does.
func openStream(ctx context.Context, page string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page+"/api/v1/live", nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("following the live stream: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, fmt.Errorf("following the live stream: the answer is %s", response.Status)
	}
	return response.Body, nil
}

// counter counts what is written to it.
type counter struct{ bytes *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}
