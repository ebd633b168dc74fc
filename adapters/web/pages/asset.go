package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// assetPage is the content of the page about one asset.
type assetPage struct {
	*web.Explanation
	Label     string
	Place     *time.Location
	Around    []crumb
	Inside    []crumb // what lies in it
	Answer    string  // occupied, vacant or ?
	Reason    string
	Doubt     string
	People    string
	AgeText   string
	Left      string
	Topics    []string
	Registers []web.RegisterValue
	Address   *web.Register
	Events    []web.SeenEvent
	Plots     []chart
	Missing   []string // what could not be told, and why
	Forced    []forced
	Targets   []target
	Estimates bool // traffic decides
	Form      forceForm
	Simulated bool
}

// crumb is a link to another asset.
type crumb struct {
	ID          gateway.AssetID
	Kind, Label string
	Answer      string
	Quality     string
}

// forced is an override in force.
type forced struct {
	Target, Sentence string
}

// target is what may be forced.
type target struct {
	Value, Text string
}

// forceForm is what somebody filled in, for when it has to be shown again.
type forceForm struct {
	Target, Value, People, For, Reason, Author string
}

func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request) {
	p.showAsset(w, r, http.StatusOK, "", forceForm{Target: "occupied", Value: "1", For: "1h"})
}

// showAsset shows the page about an asset, with what could not be done to it, if anything.
func (p *Pages) showAsset(w http.ResponseWriter, r *http.Request, code int, trouble string, form forceForm) {
	e, err := p.Desk.Explain(r.Context(), r.PathValue("asset"))
	if err != nil {
		p.failed(w, r, err)
		return
	}
	f := p.frame(r, "/", e.Name)
	content := p.assetPage(r.Context(), e)
	content.Form = form
	f.Title, f.Content, f.Scripts = content.Label, content, []string{"live.js", "asset.js"}
	if trouble != "" {
		f.Trouble = trouble
	}
	p.show(w, code, "asset", f)
}

func (p *Pages) assetPage(ctx context.Context, e *web.Explanation) *assetPage {
	out := &assetPage{Explanation: e, Place: p.Place, AgeText: "–", Answer: "?"}
	out.Label = (&gateway.Asset{ID: e.Asset, Name: e.Name, CustomID: e.CustomID}).Label()
	if e.Age != nil {
		out.AgeText = age(time.Duration(*e.Age) * time.Second)
	}
	if e.OffDelay > 0 {
		out.Left = left(e.OffDelay)
	}
	for i := range e.Points {
		out.answer(&e.Points[i])
	}
	if entry, ok := p.Board.Entry(p.Clock(), e.Number); ok && entry.Asset.ID == e.Asset {
		p.fillAddresses(out, &entry)
	}
	for i := range e.Overrides {
		o := &e.Overrides[i]
		out.Forced = append(out.Forced, forced{o.Target, o.Sentence(out.Place)})
	}
	p.fillNeighbours(out)
	p.fillEvents(ctx, out)
	p.fillPlots(ctx, out)
	out.Targets = targetsOf(e)
	out.Estimates = e.Traffic != nil && slices.ContainsFunc(e.Feeds, func(f web.Feed) bool { return f.Feed == "traffic" && f.Counts })
	return out
}

// answer takes over what a point says of the asset as a whole.
func (a *assetPage) answer(pt *web.Point) {
	switch pt.Measure {
	case gateway.Occupied.String():
		a.Reason, a.Doubt = pt.Reason, pt.Doubt
		switch {
		case pt.Value == nil:
		case *pt.Value == 1:
			a.Answer = "occupied"
		default:
			a.Answer = "vacant"
		}
	case gateway.People.String():
		a.People = "?"
		if pt.Value != nil {
			a.People = strconv.FormatInt(*pt.Value, 10)
		}
	}
}

// fillAddresses says where the asset is read, and what is read there now.
func (p *Pages) fillAddresses(out *assetPage, e *web.Entry) {
	a := e.Asset
	out.Place, out.Simulated = p.PlaceOf(a), e.Simulated
	if register, ok := p.Locate(a); ok {
		out.Address = &register
	}
	if p.Sources.Registers != nil {
		out.Registers = p.Sources.Registers(a)
	}
	if p.Sources.Topics != nil {
		out.Topics = p.Sources.Topics(a)
	} else if topic := p.Topic(a); topic != "" {
		out.Topics = []string{topic}
	}
}

// fillNeighbours lists the places around the asset, and those within it.
func (p *Pages) fillNeighbours(out *assetPage) {
	entries := p.Board.All(p.Clock())
	byID := make(map[gateway.AssetID]*web.Entry, len(entries))
	var inside []*web.Entry
	for i := range entries {
		byID[entries[i].Asset.ID] = &entries[i]
		if entries[i].Asset.Parent == out.Asset && out.Asset != "" {
			inside = append(inside, &entries[i])
		}
	}
	for id := out.Parent; byID[id] != nil && len(out.Around) < 8; id = byID[id].Asset.Parent {
		out.Around = append(out.Around, crumbOf(byID[id]))
	}
	slices.Reverse(out.Around)
	inOrder(inside)
	for _, e := range inside {
		out.Inside = append(out.Inside, crumbOf(e))
	}
}

func crumbOf(e *web.Entry) crumb {
	return crumb{e.Asset.ID, e.Asset.Kind.String(), e.Asset.Label(), answer(&e.Snapshot, gateway.Occupied, "occupied", "vacant"), e.Quality.String()}
}

func (p *Pages) fillEvents(ctx context.Context, out *assetPage) {
	if p.Sources.Events == nil {
		return
	}
	events, err := p.Sources.Events(ctx, out.Asset)
	if err != nil {
		out.Missing = append(out.Missing, "The newest events: "+err.Error())
		return
	}
	out.Events = events
}

// targetsOf lists what of an asset may be forced: what it has.
func targetsOf(e *web.Explanation) (out []target) {
	has := func(m gateway.Measure) bool {
		return slices.ContainsFunc(e.Points, func(p web.Point) bool { return p.Measure == m.String() })
	}
	if has(gateway.HVAC) {
		out = append(out, target{"occupied", "all three outputs"}, target{"lighting", "lighting"}, target{"hvac", "HVAC"}, target{"ventilation", "ventilation"})
	}
	if has(gateway.People) {
		out = append(out, target{"people", "people"})
	}
	return out
}

// assetAddress is where the page about an asset is.
func assetAddress(name, done string) string {
	return "/assets/" + url.PathEscape(name) + "?done=" + done
}

// author is who does something: the visitor, or as they say where nobody had to log in.
func author(r *http.Request) string {
	if name := access.Of(r.Context()).Name; name != "" {
		return name
	}
	return strings.TrimSpace(r.PostFormValue("author"))
}

func (p *Pages) force(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	form := forceForm{
		Target: r.PostFormValue("target"), Value: r.PostFormValue("value"), People: r.PostFormValue("people"), For: r.PostFormValue("for"),
		Reason: r.PostFormValue("reason"), Author: r.PostFormValue("author"),
	}
	order, err := form.order()
	if err == nil {
		order.Asset, order.Author = r.PathValue("asset"), author(r)
		_, err = p.Desk.Force(r.Context(), order)
	}
	if err != nil {
		p.showAsset(w, r, web.CodeOf(err), "Nothing was forced. "+sentence(err.Error()), form)
		return
	}
	http.Redirect(w, r, assetAddress(order.Asset, "forced"), http.StatusSeeOther)
}

// order is what the form asks for. Of people the count is in a field of its own.
func (f *forceForm) order() (web.ForceOrder, error) {
	text := f.Value
	if f.Target == "people" {
		text = strings.TrimSpace(f.People)
	}
	order := web.ForceOrder{Target: f.Target, For: strings.ReplaceAll(strings.TrimSpace(f.For), " ", ""), Reason: strings.TrimSpace(f.Reason)}
	if text == "" {
		return order, web.BadOrder("how many people there are is missing: use 0 or more")
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return order, web.BadOrder(fmt.Sprintf("%q is no number: use digits only", text))
	}
	order.Value = &n
	return order, nil
}

func (p *Pages) release(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	order := web.ReleaseOrder{Asset: r.PathValue("asset"), Target: r.PostFormValue("target"), Author: author(r)}
	if _, err := p.Desk.Release(r.Context(), order); err != nil {
		p.showAsset(w, r, web.CodeOf(err), "Nothing was released. "+sentence(err.Error()), forceForm{})
		return
	}
	http.Redirect(w, r, assetAddress(order.Asset, "released"), http.StatusSeeOther)
}

func (p *Pages) resetEstimate(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	order := web.ResetOrder{Asset: r.PathValue("asset"), Author: author(r)}
	if _, err := p.Desk.ResetEstimate(r.Context(), order); err != nil {
		p.showAsset(w, r, web.CodeOf(err), "The estimate goes on. "+sentence(err.Error()), forceForm{})
		return
	}
	http.Redirect(w, r, assetAddress(order.Asset, "reset"), http.StatusSeeOther)
}

// longestForm is how much a form may have, except one with a file.
const longestForm = 16 << 10

// parse reads a form; it tells whether it could, and has answered if not.
func (p *Pages) parse(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, longestForm)
	if err := r.ParseForm(); err != nil {
		p.trouble(w, r, http.StatusBadRequest, "Reading the form: "+sentence(err.Error()))
		return false
	}
	return true
}
