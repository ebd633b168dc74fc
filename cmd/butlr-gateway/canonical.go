package main

import (
	"encoding/json"
	"io"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// canonicalDump prints what is kept of each asset as a JSON list, an asset a line. Equal states give equal
// bytes: there is nothing in it that depends on the time, on the order in which events came, or on how
// often, nor what the configuration adds. Its keys are sorted.
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
	Kind      string                   `json:"kind"`
	MAC       string                   `json:"mac"`
	Number    *gateway.Number          `json:"number,omitempty"`
	Overrides []web.Override           `json:"overrides"`
	Parent    gateway.AssetID          `json:"parent"`
	Site      *canonicalSite           `json:"site,omitempty"`   // of a site
	Totals    *canonicalTotals         `json:"totals,omitempty"` // where people were counted in or out
}

type canonicalFeed struct {
	Before web.Before     `json:"before"`
	Window []web.Revision `json:"window"`
}

type canonicalSite struct {
	Newest  web.Moment   `json:"newest"`
	Silence *web.Silence `json:"silence"`
}

type canonicalTotals struct {
	At  web.Moment `json:"at"`
	In  int64      `json:"in"`
	Out int64      `json:"out"`
}

func (d *canonicalDump) print(w io.Writer, e *web.Explanation) error {
	before := ",\n  "
	if !d.begun {
		before, d.begun = "[\n  ", true
	}
	if _, err := io.WriteString(w, before); err != nil {
		return err
	}
	text, err := json.Marshal(d.asset(e))
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (d *canonicalDump) end(w io.Writer) error {
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
		Overrides: e.Overrides, Parent: e.Parent, Totals: totalsOf(e.Points),
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
		out.Site = &canonicalSite{e.Site.Newest, e.Site.Silence}
	}
	return out
}

// totalsOf finds the running totals among the points: unlike other values they do not depend on the time.
func totalsOf(points []web.Point) *canonicalTotals {
	var out *canonicalTotals
	for _, p := range points {
		in, o := p.Measure == gateway.TrafficIn.String(), p.Measure == gateway.TrafficOut.String()
		if p.Value == nil || !in && !o {
			continue
		}
		if out == nil {
			out = &canonicalTotals{At: p.At}
		}
		if in {
			out.In = *p.Value
		} else {
			out.Out = *p.Value
		}
	}
	return out
}
