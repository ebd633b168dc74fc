package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestPartsStopInTheReverseOrderOfTheirStart(t *testing.T) {
	var stopped []string
	s := newStack()
	for _, name := range []string{"store", "hub", "webhook"} {
		s.start(t.Context(), name, func(ctx context.Context) error {
			<-ctx.Done()
			stopped = append(stopped, name) // one after the other
			return nil
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.wait(ctx); err != nil {
		t.Error(err)
	}
	if err := s.unwind(); err != nil {
		t.Error(err)
	}
	if want := []string{"webhook", "hub", "store"}; !slices.Equal(stopped, want) {
		t.Errorf("stopped %q, want %q", stopped, want)
	}
}

func TestAPartThatEndsByItselfIsToldOnce(t *testing.T) {
	s := newStack()
	s.start(t.Context(), "hub", func(ctx context.Context) error {
		<-ctx.Done()
		return errors.New("and the hub complained")
	})
	s.start(t.Context(), "page", func(context.Context) error { return errors.New("boom") })
	err := s.wait(t.Context())
	if err == nil || err.Error() != "page ended: boom" {
		t.Errorf("got %v", err)
	}
	if err := s.unwind(); err == nil || strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), "stopping hub: and the hub complained") {
		t.Errorf("unwinding: %v", err)
	}
	s.start(t.Context(), "page", func(context.Context) error { return nil })
	if err := s.wait(t.Context()); !errors.Is(err, errEnded) {
		t.Errorf("got %v, want %v", err, errEnded)
	}
}
