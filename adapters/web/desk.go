package web

import (
	"context"
	"encoding/hex"
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
	// Contents lists what there is, the assets in the order in which people look for them.
	Contents(ctx context.Context) (gateway.Contents, error)
	// Explain calls show for each of the assets that there is, all of them as of one moment. It holds up
	// whoever else wants something of the gateway, so that the assets must be few. Show keeps nothing of
	// the explanation.
	Explain(ctx context.Context, ids []gateway.AssetID, show func(*gateway.Explanation)) error
}

// Overrider changes what people may change; *[gateway.Hub] is one.
type Overrider interface {
	Force(ctx context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error)
	Release(ctx context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error)
	ResetEstimate(ctx context.Context, id gateway.AssetID, author string) error
}

// Desk is where operators ask and order. All of it must be set, but for the logbook.
type Desk struct {
	Archive   Archive
	Overrider Overrider
	Arranger  Arranger
	Now       func() gateway.Timestamp // what the state takes for the time
	Logbook   *Logbook                 // nil notes nothing
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
	Beside   []Override      `json:"beside"` // what else of the asset is forced
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
	Ended []Override      `json:"ended"`
	Still []Override      `json:"still"` // in force
}

// ResetOrder begins a traffic estimate anew: the body of POST /api/v1/reset-estimate.
type ResetOrder struct {
	Asset  string `json:"asset"`
	Author string `json:"author"`
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
	beside := slices.DeleteFunc(d.inForce(ctx, id), func(o Override) bool { return o.Target == order.Target })
	return &Forced{id, OverrideOf(&forced), beside}, nil
}

// inForce lists the overrides of an asset, for whoever has just changed them: it is no error if they cannot be
// told.
func (d *Desk) inForce(ctx context.Context, id gateway.AssetID) []Override {
	out := []Override{}
	_ = d.Archive.Explain(ctx, []gateway.AssetID{id}, func(e *gateway.Explanation) { out = overridesOf(e.Overrides) })
	return out
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
	return &Released{id, overridesOf(ended), d.inForce(ctx, id)}, nil
}

// ResetEstimate carries out an order.
func (d *Desk) ResetEstimate(ctx context.Context, order ResetOrder) (*Reset, error) {
	if len(order.Author) > LongestAuthor || !utf8.ValidString(order.Author) {
		return nil, BadOrder(fmt.Sprintf("the author is too long, or no text: use at most %d bytes", LongestAuthor))
	}
	id, err := d.find(ctx, order.Asset)
	if err != nil {
		return nil, err
	}
	if err := d.Overrider.ResetEstimate(ctx, id, order.Author); err != nil {
		return nil, unfinished(id, "resetting the estimate of", err)
	}
	d.noteReset(ctx, id, order.Author)
	return &Reset{id}, nil
}

func (d *Desk) find(ctx context.Context, name string) (gateway.AssetID, error) {
	if name == "" {
		return "", BadOrder("the asset is missing: use Butlr's id, custom:ID or group:KEY")
	}
	return d.Archive.Find(ctx, name)
}

// unfinished says of an order that took too long that nobody knows what became of it. What the state says
// itself names the order already.
func unfinished(id gateway.AssetID, doing string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %s: the gateway did not answer in time, so that it may or may not be done: look with \"butlr-gateway state dump %s\": %w", doing, id, id, err)
	}
	for _, bare := range []error{gateway.ErrBusy, gateway.ErrStopped, gateway.ErrNotStored, context.Canceled} {
		if errors.Is(err, bare) {
			return fmt.Errorf("%s %s: %w", doing, id, err)
		}
	}
	return err
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

// Contents says what there is beside the assets.
func (d *Desk) Contents(ctx context.Context) (*Contents, error) {
	c, err := d.Archive.Contents(ctx)
	if err != nil {
		return nil, err
	}
	return &Contents{Assets: len(c.Assets), Remembered: Remembered{Count: c.Remembered, Digest: hex.EncodeToString(c.Digest[:])}, Alive: Moment(c.Alive)}, nil
}

// Contents is what a gateway keeps beside its assets, as JSON under /api/v1/contents.
type Contents struct {
	Assets     int        `json:"assets"`
	Remembered Remembered `json:"remembered"`
	Alive      Moment     `json:"alive"` // when the gateway before was last known to be alive
}

// Remembered stands for the TRAFFIC events that would not be counted again.
type Remembered struct {
	Count  int    `json:"count"`
	Digest string `json:"digest"`
}

// Dump yields the explanation of every asset, from each site inwards and then the groups.
func (d *Desk) Dump(ctx context.Context, yield func(*Explanation) error) error {
	contents, err := d.Archive.Contents(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(contents.Assets, atOnce) {
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
