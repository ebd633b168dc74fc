package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// stack runs the parts of the program, and ends them in the reverse order.
type stack struct {
	parts  []*part
	failed chan error // the first part that ended by itself
}

type part struct {
	name string
	stop context.CancelFunc
	done chan struct{}
	err  error
	told bool // the error is the one that wait returned
}

func newStack() *stack { return &stack{failed: make(chan error, 1)} }

// start runs a part until the stack is unwound. A part that ends before is a failure of the program.
func (s *stack) start(ctx context.Context, name string, run func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &part{name: name, stop: stop, done: make(chan struct{})}
	s.parts = append(s.parts, p)
	go func() {
		defer close(p.done)
		p.err = run(ctx)
		if ctx.Err() == nil {
			select {
			case s.failed <- fmt.Errorf("%s ended: %w", name, orNoReason(p.err)):
				p.told = true
			default:
			}
		}
	}()
}

var errEnded = errors.New("for no reason that it told")

func orNoReason(err error) error {
	if err == nil {
		return errEnded
	}
	return err
}

// wait returns when ctx ends, or with the error of a part that ended by itself.
func (s *stack) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// unwind stops the parts, the last one started first, each of them only when the one after it has ended.
func (s *stack) unwind() error {
	var errs []error
	for _, p := range slices.Backward(s.parts) {
		p.stop()
		<-p.done
		if p.err != nil && !p.told {
			errs = append(errs, fmt.Errorf("stopping %s: %w", p.name, p.err))
		}
	}
	s.parts = nil
	return errors.Join(errs...)
}
