package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
)

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
