package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"butlr-gateway/gateway"
)

// Archive tells what a gateway believes, and why.
type Archive interface {
	// Find returns the asset that a name means: Butlr's id, "custom:" and the customer's own, or "group:"
	// and a group's key. Its error is an [UnknownAsset] if there is none, and says what to do.
	Find(ctx context.Context, name string) (gateway.AssetID, error)
	// Assets returns the id of every asset.
	Assets(ctx context.Context) ([]gateway.AssetID, error)
	// Explain calls show for each of the assets that there is, all of them as of one moment. It holds up
	// whoever else wants something of the gateway, so that the assets must be few. Show keeps nothing of
	// the explanation.
	Explain(ctx context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error
}

// Overrider changes what people may change; *[gateway.Hub] is one.
type Overrider interface {
	Force(ctx context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error)
	Release(ctx context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) (int, error)
	ResetEstimate(ctx context.Context, id gateway.AssetID) error
}

// Desk is where operators ask and order. All of it must be set.
type Desk struct {
	Archive   Archive
	Overrider Overrider
	Now       func() gateway.Timestamp // what the state takes for the time
}

// ForceOrder puts an override in force: the body of POST /api/v1/force.
type ForceOrder struct {
	Asset  string `json:"asset"`  // a name, see [Archive]
	Target string `json:"target"` // occupied (all outputs), lighting, hvac, ventilation or people
	Value  *int   `json:"value"`  // 0 vacant, 1 occupied; of people the count
	For    string `json:"for"`    // a duration such as "90m"; "" is an hour
	Reason string `json:"reason"`
	Author string `json:"author"`
}

// Forced answers a [ForceOrder].
type Forced struct {
	Asset    gateway.AssetID `json:"asset"`
	Override Override        `json:"override"`
}

// ReleaseOrder ends overrides: the body of POST /api/v1/release.
type ReleaseOrder struct {
	Asset  string `json:"asset"`
	Target string `json:"target"` // "" is every target
	Author string `json:"author"`
}

// Released answers a [ReleaseOrder].
type Released struct {
	Asset gateway.AssetID `json:"asset"`
	Ended int             `json:"ended"` // overrides
}

// ResetOrder begins a traffic estimate anew: the body of POST /api/v1/reset-estimate.
type ResetOrder struct {
	Asset string `json:"asset"`
}

// Reset answers a [ResetOrder].
type Reset struct {
	Asset gateway.AssetID `json:"asset"`
}

// BadOrder is an order that cannot be understood.
type BadOrder string

func (e BadOrder) Error() string { return string(e) }

// UnknownAsset is a name that no asset has.
type UnknownAsset struct{ Err error }

func (e UnknownAsset) Error() string { return e.Err.Error() }
func (e UnknownAsset) Unwrap() error { return e.Err }

// Limits of an order.
const (
	LongestReason = 256 // bytes
	LongestAuthor = 64  // bytes
	MostPeople    = 65_534
)

// Force carries out an order.
func (d *Desk) Force(ctx context.Context, order ForceOrder) (*Forced, error) {
	o, lasting, err := order.override()
	if err != nil {
		return nil, err
	}
	id, err := d.find(ctx, order.Asset)
	if err != nil {
		return nil, err
	}
	if lasting != 0 {
		o.Until = d.Now().Add(lasting)
	}
	forced, err := d.Overrider.Force(ctx, id, o)
	if err != nil {
		return nil, unfinished(id, "forcing", err)
	}
	return &Forced{id, OverrideOf(&forced)}, nil
}

// override returns what the order asks for, and for how long; 0 is as long as usual.
func (f *ForceOrder) override() (o gateway.Override, lasting time.Duration, err error) {
	target, ok := gateway.ParseTarget(f.Target)
	switch {
	case !ok:
		return o, 0, BadOrder(fmt.Sprintf("target %q is none: use occupied, lighting, hvac, ventilation or people", f.Target))
	case f.Value == nil:
		return o, 0, BadOrder("value is missing: 0 is vacant, 1 occupied; of people it is the count")
	case target == gateway.TargetPeople && (*f.Value < 0 || *f.Value > MostPeople):
		return o, 0, BadOrder(fmt.Sprintf("value %d is not possible: people are 0 to %d", *f.Value, MostPeople))
	case target != gateway.TargetPeople && *f.Value != 0 && *f.Value != 1:
		return o, 0, BadOrder(fmt.Sprintf("value %d is not possible: 0 is vacant, 1 occupied", *f.Value))
	case len(f.Reason) > LongestReason || !utf8.ValidString(f.Reason):
		return o, 0, BadOrder(fmt.Sprintf("the reason is too long, or no text: use at most %d bytes", LongestReason))
	case len(f.Author) > LongestAuthor || !utf8.ValidString(f.Author):
		return o, 0, BadOrder(fmt.Sprintf("the author is too long, or no text: use at most %d bytes", LongestAuthor))
	}
	if f.For != "" {
		if lasting, err = time.ParseDuration(f.For); err != nil || lasting < time.Second || lasting > gateway.LongestOverride {
			return o, 0, BadOrder(fmt.Sprintf("for %q is not possible: use a duration such as \"90m\", from 1s to 720h (30 days)", f.For))
		}
	}
	return gateway.Override{
		Target: target, Value: *f.Value, Source: gateway.FromOperator, Author: f.Author, Reason: f.Reason,
	}, lasting, nil
}

// Release carries out an order.
func (d *Desk) Release(ctx context.Context, order ReleaseOrder) (*Released, error) {
	target, ok := gateway.ParseTarget(order.Target)
	switch {
	case order.Target != "" && !ok:
		return nil, BadOrder(fmt.Sprintf("target %q is none: use occupied, lighting, hvac, ventilation or people, or leave it out for all of them", order.Target))
	case len(order.Author) > LongestAuthor || !utf8.ValidString(order.Author):
		return nil, BadOrder(fmt.Sprintf("the author is too long, or no text: use at most %d bytes", LongestAuthor))
	}
	id, err := d.find(ctx, order.Asset)
	if err != nil {
		return nil, err
	}
	ended, err := d.Overrider.Release(ctx, id, target, order.Target == "", gateway.FromOperator, order.Author)
	if err != nil {
		return nil, unfinished(id, "releasing", err)
	}
	return &Released{id, ended}, nil
}

// ResetEstimate carries out an order.
func (d *Desk) ResetEstimate(ctx context.Context, order ResetOrder) (*Reset, error) {
	id, err := d.find(ctx, order.Asset)
	if err != nil {
		return nil, err
	}
	if err := d.Overrider.ResetEstimate(ctx, id); err != nil {
		return nil, unfinished(id, "resetting the estimate of", err)
	}
	return &Reset{id}, nil
}

func (d *Desk) find(ctx context.Context, name string) (gateway.AssetID, error) {
	if name == "" {
		return "", BadOrder("the asset is missing: use Butlr's id, custom:ID or group:KEY")
	}
	return d.Archive.Find(ctx, name)
}

// unfinished says of an order that took too long that nobody knows what became of it.
func unfinished(id gateway.AssetID, doing string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %s: the gateway did not answer in time, so that it may or may not be done: look with \"butlr-gateway state dump %s\": %w", doing, id, id, err)
	}
	return fmt.Errorf("%s %s: %w", doing, id, err)
}

// Explain says everything about one asset.
func (d *Desk) Explain(ctx context.Context, name string) (*Explanation, error) {
	id, err := d.find(ctx, name)
	if err != nil {
		return nil, err
	}
	var out *Explanation
	err = d.Archive.Explain(ctx, []gateway.AssetID{id}, func(e *gateway.Explanation) { out = Explained(e) })
	if err == nil && out == nil {
		err = UnknownAsset{fmt.Errorf("explaining %s: it is gone; \"butlr-gateway points list\" shows what there is", id)}
	}
	return out, err
}

// atOnce is how many assets are explained at one moment. While events come, a dump is not of one moment,
// but each asset in it is.
const atOnce = 32

// Dump yields the explanation of every asset, in the order of ids.
func (d *Desk) Dump(ctx context.Context, yield func(*Explanation) error) error {
	ids, err := d.Archive.Assets(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Sorted(slices.Values(ids)), atOnce) {
		var explained []*Explanation
		if err := d.Archive.Explain(ctx, some, func(e *gateway.Explanation) { explained = append(explained, Explained(e)) }); err != nil {
			return err
		}
		for _, e := range explained {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return nil
}
