package web

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"butlr-gateway/gateway"
)

// Arranger rearranges the ledger of numbers; *[gateway.Hub] is one.
type Arranger interface {
	Rearrange(ctx context.Context, w *gateway.Wish, allowMoves bool, author string) (*gateway.Plan, error)
}

// LedgerOrder is what the ledger is to become: the body of POST /api/v1/ledger. It is a [gateway.Wish].
type LedgerOrder struct {
	Pins       map[gateway.AssetID]gateway.Number `json:"pins"`      // null for those in force
	Groups     []string                           `json:"groups"`    // the keys of all of them; null leaves them
	Retire     []string                           `json:"retire"`    // names, see [Archive]
	Reinstate  []string                           `json:"reinstate"` // names, see [Archive]
	Listing    *LedgerListing                     `json:"listing"`   // null for none
	Inventory  []LedgerPlace                      `json:"inventory"` // null for none
	Gateway    string                             `json:"gateway"`   // whose ledger it is to be; "" leaves it
	AllowMoves bool                               `json:"allow_moves"`
	Author     string                             `json:"author"`
}

// LedgerListing is a [gateway.Listing].
type LedgerListing struct {
	Assets  []LedgerAsset    `json:"assets"`
	Vacated []gateway.Number `json:"vacated"`
}

// LedgerAsset is one asset of a listing.
type LedgerAsset struct {
	Asset    gateway.AssetID `json:"asset"`
	Kind     string          `json:"kind"`
	Number   gateway.Number  `json:"number"`
	Name     string          `json:"name"`
	CustomID string          `json:"custom_id"`
	Parent   gateway.AssetID `json:"parent"`
	Retired  bool            `json:"retired"`
	Appended bool            `json:"appended"`
}

// Rearranged answers a [LedgerOrder]: what was done.
type Rearranged struct {
	Changes   []LedgerChange  `json:"changes"`
	Notes     []string        `json:"notes"`
	Covered   int             `json:"covered"`   // appended assets that the checksum covers now
	Uncovered int             `json:"uncovered"` // assets that the listing does not have: appended from now on
	First     bool            `json:"first"`     // the ledger had never been settled before
	Told      []LedgerTelling `json:"told"`      // what an inventory said anew
}

// LedgerChange is what was done to one asset.
type LedgerChange struct {
	Step  string          `json:"step"` // move, add, retire or reinstate
	Asset gateway.AssetID `json:"asset"`
	Kind  string          `json:"kind"`
	Name  string          `json:"name"`
	From  *gateway.Number `json:"from"` // null if it was not there
	To    gateway.Number  `json:"to"`
	Reuse bool            `json:"reuse"` // an asset that moved away had that number
	Why   string          `json:"why"`
}

// gatewayForm is what a gateway's id looks like.
var gatewayForm = regexp.MustCompile(`^([0-9a-f]{8})?$`)

// Rearrange carries out an order.
func (d *Desk) Rearrange(ctx context.Context, order LedgerOrder) (*Rearranged, error) {
	switch {
	case len(order.Author) > LongestAuthor || !utf8.ValidString(order.Author):
		return nil, BadOrder(fmt.Sprintf("the author is too long, or no text: use at most %d bytes", LongestAuthor))
	case !gatewayForm.MatchString(order.Gateway):
		return nil, BadOrder(fmt.Sprintf("%q is no id of a gateway: it has eight digits from 0 to f", order.Gateway))
	}
	wish := gateway.Wish{Pins: order.Pins, Groups: order.Groups, Gateway: order.Gateway}
	for _, list := range []struct {
		names []string
		into  *[]gateway.AssetID
	}{{order.Retire, &wish.Retire}, {order.Reinstate, &wish.Reinstate}} {
		for _, name := range list.names {
			id, err := d.find(ctx, name)
			if err != nil {
				return nil, err
			}
			*list.into = append(*list.into, id)
		}
	}
	if order.Listing != nil {
		listing, err := order.Listing.listing()
		if err != nil {
			return nil, err
		}
		wish.Listing = listing
	}
	var err error
	if wish.Inventory, err = order.inventory(); err != nil {
		return nil, err
	}
	plan, err := d.Arranger.Rearrange(ctx, &wish, order.AllowMoves, order.Author)
	if err != nil {
		return nil, notRearranged(plan, err)
	}
	d.noteRearranged(ctx, plan, &order)
	return RearrangedOf(plan), nil
}

func (l *LedgerListing) listing() (*gateway.Listing, error) {
	out := &gateway.Listing{Vacated: l.Vacated}
	for k := range l.Assets {
		a := &l.Assets[k]
		kind := gateway.ParseKind(a.Kind)
		if kind == gateway.NoKind || a.Asset == "" {
			return nil, BadOrder(fmt.Sprintf("asset %q of kind %q is none", a.Asset, a.Kind))
		}
		out.Assets = append(out.Assets, gateway.Asset{
			ID: a.Asset, Kind: kind, Number: a.Number, Given: a.Name, CustomID: a.CustomID, Parent: a.Parent, Retired: a.Retired, Appended: a.Appended,
		})
	}
	return out, nil
}

// notRearranged says why nothing was done.
func notRearranged(plan *gateway.Plan, err error) error {
	switch {
	case errors.Is(err, gateway.ErrConflict):
		more := ""
		if n := len(plan.Conflicts); n > 1 {
			more = fmt.Sprintf("; and %d more", n-1)
		}
		return fmt.Errorf("%w: %s%s", err, plan.Conflicts[0].Sentence(), more)
	case errors.Is(err, gateway.ErrMoves):
		return fmt.Errorf("%w: %d do", err, plan.Moves())
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the gateway did not answer in time, so that it may or may not be done: look with \"butlr-gateway points list\": %w", err)
	}
	return err
}

// RearrangedOf returns a plan for others to read.
func RearrangedOf(p *gateway.Plan) *Rearranged {
	out := &Rearranged{Changes: []LedgerChange{}, Notes: append([]string{}, p.Notes...), Covered: p.Covered, Uncovered: p.Uncovered, First: p.First, Told: tellingsOf(p.Told)}
	for k := range p.Changes {
		c := &p.Changes[k]
		change := LedgerChange{
			Step: c.Step.String(), Asset: c.Asset, Kind: c.Kind.String(), Name: c.Name, To: c.To, Reuse: c.Reuse, Why: c.Why,
		}
		if c.From != gateway.NoNumber {
			change.From = &c.From
		}
		out.Changes = append(out.Changes, change)
	}
	return out
}
