package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// times are how long things took, in µs.
type times struct{ posts, reads []float64 }

// served is who is served.
type served struct {
	*subject
	rate   float64
	http   *http.Client
	poller net.Conn
	n      int
}

// turn posts and polls for a while.
func (s *served) turn(ctx context.Context, length time.Duration, into *times) error {
	end := time.Now().Add(length)
	var both sync.WaitGroup
	var posting, polling error
	each := func(do func() error) error {
		clock := time.NewTicker(time.Duration(float64(time.Second) / s.rate))
		defer clock.Stop()
		for time.Now().Before(end) && ctx.Err() == nil {
			<-clock.C
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	}
	both.Go(func() {
		posting = each(func() error {
			s.n++
			_, body := countOf(latencyRoom(0), s.n)
			began := time.Now()
			err := s.post(body)
			into.posts = append(into.posts, micros(time.Since(began)))
			return err
		})
	})
	both.Go(func() {
		polling = each(func() error {
			began := time.Now()
			err := askOnce(s.poller)
			into.reads = append(into.reads, micros(time.Since(began)))
			return err
		})
	})
	both.Wait()
	return errors.Join(posting, polling)
}

// post sends an event as a client does that dials again when it must.
func (s *served) post(body []byte) error {
	request, err := http.NewRequest(http.MethodPost, s.webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("X-Api-Key", secret)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("posting an event: the answer is %s", response.Status)
	}
	return nil
}
