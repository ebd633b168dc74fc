package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"butlr-gateway/adapters/butlr"
	"butlr-gateway/config"
)

// subscriptions is what a command knows of them.
type subscriptions struct {
	*subscriptionOptions
	command  string // as it is typed, without options
	settings *config.Config
	client   *butlr.Client
	wish     *butlr.Wish
	there    []butlr.Subscription
}

// look asks Butlr for what there is. With an error beside it, there may be more.
func (o *subscriptionOptions) look(c *cobra.Command, subscribes bool) (*subscriptions, error) {
	settings, err := o.load(subscribes)
	if err != nil {
		return nil, err
	}
	client, err := butlrClient(settings, commandLog(c))
	if err != nil {
		return nil, err
	}
	id, err := gatewayID(c.Context(), settings)
	if err != nil {
		return nil, err
	}
	s := &subscriptions{
		subscriptionOptions: o, command: c.CommandPath(), settings: settings, client: client, wish: subscriptionWish(settings, id),
	}
	s.there, err = client.Subscriptions(c.Context())
	return s, err
}

func (o *subscriptionOptions) list(c *cobra.Command) error {
	s, err := o.look(c, false)
	if s == nil || s.there == nil && err != nil {
		return err
	}
	return errors.Join(s.printList(c.OutOrStdout(), err == nil), err)
}

var (
	errTaken = errors.New("nothing was changed: event types that are asked for go to somebody else; take them out of events, " +
		"have their owner give them up, or take them with \"butlr-gateway webhooks register --take-over\"")
	errNotSubscribed = errors.New(`nothing was changed: Butlr has no subscription of this gateway; "butlr-gateway webhooks register" makes one`)
)

func (o *subscriptionOptions) register(c *cobra.Command) error {
	s, err := o.look(c, true)
	if err != nil {
		return err
	}
	plan := s.wish.Plan(s.there, o.takeOver)
	if s.wish.Gateway == "" && o.yes && !plan.Blocked() {
		if s.wish.Gateway, err = drawGatewayID(c.Context(), s.settings, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
		plan = s.wish.Plan(s.there, o.takeOver)
	}
	return s.carryOut(c, plan)
}

func (o *subscriptionOptions) update(c *cobra.Command) error {
	s, err := o.look(c, true)
	if err != nil {
		return err
	}
	plan := s.wish.Plan(s.there, false)
	for _, step := range plan.Steps {
		if step.Deed == butlr.Create {
			return errNotSubscribed
		}
	}
	return s.carryOut(c, plan)
}

func (o *subscriptionOptions) end(c *cobra.Command) error {
	s, err := o.look(c, false)
	if err != nil {
		return err
	}
	return s.carryOut(c, s.wish.PlanDelete(s.there))
}

// carryOut shows a plan, and with --yes does it.
func (s *subscriptions) carryOut(c *cobra.Command, plan *butlr.Plan) error {
	out := c.OutOrStdout()
	if plan.Blocked() {
		return errors.Join(s.report(out, plan, nil), errTaken)
	}
	if !s.yes || len(plan.Steps) == 0 {
		return s.report(out, plan, nil)
	}
	done, err := s.apply(c.Context(), plan)
	return errors.Join(s.report(out, plan, done), err)
}

// apply does a plan as far as it goes, and returns the steps that were done.
func (s *subscriptions) apply(ctx context.Context, plan *butlr.Plan) (done []butlr.Step, err error) {
	for _, step := range plan.Steps {
		if err := s.client.Apply(ctx, step); err != nil {
			return done, s.interrupted(plan, done, err)
		}
		done = append(done, step)
	}
	return done, s.confirm(ctx)
}

// interrupted says what a failure in the middle left behind.
func (s *subscriptions) interrupted(plan *butlr.Plan, done []butlr.Step, err error) error {
	if len(done) == 0 {
		return err
	}
	return fmt.Errorf("%w; %s done before that: run \"%s --yes\" again to go on", err,
		fmt.Sprintf("%d of %d steps were", len(done), len(plan.Steps)), s.command)
}

// confirm looks whether Butlr has it now as it was asked for.
func (s *subscriptions) confirm(ctx context.Context) error {
	there, err := s.client.Subscriptions(ctx)
	if err != nil {
		return fmt.Errorf("it was done, but not looked at again: %w", err)
	}
	rest := s.wish.Plan(there, false)
	if s.command == deletes {
		rest = s.wish.PlanDelete(there)
	}
	if len(rest.Steps) == 0 && len(rest.Collisions) == 0 {
		return nil
	}
	return errors.New("it was taken, and Butlr has it otherwise now than it was asked for: \"butlr-gateway webhooks list\" shows it")
}

// deletes is the command that wants nothing to be left.
const deletes = "butlr-gateway webhooks delete"

// report prints a plan, and what was done of it.
func (s *subscriptions) report(w io.Writer, plan *butlr.Plan, done []butlr.Step) error {
	if s.asJSON {
		return s.printJSON(w, plan, done)
	}
	return s.printPlan(w, plan, done)
}
