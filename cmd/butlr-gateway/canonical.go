package main

import (
	"encoding/json"
	"io"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// canonicalDump prints what is kept of each asset as a JSON list, an asset a line, and behind them what is
// kept of no single one. Equal states give equal bytes: there is nothing in it that depends on the time, on
// the order in which events came, or on how often, nor what the configuration adds. Its keys are sorted.
type canonicalDump struct {
	ledger bool // also the numbers, which depend on the order
	begun  bool
}

// canonicalAsset is an asset as it is kept.
type canonicalAsset struct {
	Asset     gateway.AssetID          `json:"asset"`
	CustomID  string                   `json:"custom_id"`
	Feeds     map[string]canonicalFeed `json:"feeds"` // those that were ever heard
	Given     string                   `json:"given"`
	Inventory *canonicalInventory      `json:"inventory,omitempty"` // where one named it
	Kind      string                   `json:"kind"`
	MAC       string                   `json:"mac"`
	Number    *gateway.Number          `json:"number,omitempty"`
	Overrides []web.Override           `json:"overrides"`
	Parent    gateway.AssetID          `json:"parent"`
	Site      *canonicalSite           `json:"site,omitempty"`   // of a site
	Totals    *canonicalTotals         `json:"totals,omitempty"` // where people were counted in or out
}

// canonicalInventory is what an inventory said, whenever it was taken over.
type canonicalInventory struct {
	Capacity int      `json:"capacity"`
	Entrance bool     `json:"entrance"`
	Tags     []string `json:"tags"`
	Timezone string   `json:"timezone"`
}

type canonicalFeed struct {
	Before web.Before     `json:"before"`
	Window []web.Revision `json:"window"`
}

type canonicalSite struct {
	Minutes string       `json:"minutes"`
	Newest  web.Moment   `json:"newest"`
	Silence *web.Silence `json:"silence"`
	Starts  []web.Moment `json:"starts"`
}

type canonicalTotals struct {
	At    web.Moment `json:"at"`
	In    uint64     `json:"in"`
	Net   int64      `json:"net"` // the traffic estimate, before it is clamped
	Out   uint64     `json:"out"`
	Since web.Moment `json:"since"` // its midnight, or its reset on command
}

// canonicalRest is what is kept of no single asset.
type canonicalRest struct {
	Remembered web.Remembered `json:"remembered"` // TRAFFIC events
}

func (d *canonicalDump) print(w io.Writer, e *web.Explanation) error { return d.line(w, d.asset(e)) }

func (d *canonicalDump) line(w io.Writer, what any) error {
	before := ",\n  "
	if !d.begun {
		before, d.begun = "[\n  ", true
	}
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (d *canonicalDump) end(w io.Writer, c *web.Contents) error {
	if c != nil && c.Remembered.Count > 0 {
		if err := d.line(w, canonicalRest{c.Remembered}); err != nil {
			return err
		}
	}
	last := "\n]\n"
	if !d.begun {
		last = "[]\n"
	}
	_, err := io.WriteString(w, last)
	return err
}

func (d *canonicalDump) asset(e *web.Explanation) *canonicalAsset {
	out := &canonicalAsset{
		Asset: e.Asset, CustomID: e.CustomID, Feeds: make(map[string]canonicalFeed), Given: e.Given, Kind: e.Kind, MAC: e.MAC,
		Overrides: e.Overrides, Parent: e.Parent,
	}
	if i := e.Inventory; i != nil {
		out.Inventory = &canonicalInventory{i.Capacity, i.Entrance, i.Tags, i.Timezone}
	}
	if d.ledger {
		out.Number = &e.Number
	}
	for _, f := range e.Feeds {
		if f.Newest != 0 {
			out.Feeds[f.Feed] = canonicalFeed{f.Before, f.Window}
		}
	}
	if e.Kind == gateway.Site.String() {
		out.Site = &canonicalSite{e.Site.Minutes, e.Site.Newest, e.Site.Silence, e.Site.Starts}
	}
	if t := e.Traffic; t != nil {
		out.Totals = &canonicalTotals{t.At, t.In, t.Net, t.Out, t.Since}
	}
	return out
}
