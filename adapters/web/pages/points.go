package pages

import (
	"io"
	"net/http"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// mostUpload is how large an uploaded list may be.
const mostUpload = 16 << 20

// importTime is how long an import may take: a large list is written to disk as a whole.
const importTime = 2 * time.Minute

// planPage is the content of the page that shows what a list would change.
type planPage struct {
	*web.Proposal
	Rows  []change
	File  string
	Token string // of the list as it was uploaded
	Until time.Time
	Steps []step
}

// change is one that a list makes, with the registers that it is about.
type change struct {
	web.LedgerChange
	FromAt, ToAt *web.Register // nil for none: not on Modbus, or nowhere before
}

func (p *Pages) change(c web.LedgerChange) change {
	at := func(n gateway.Number) *web.Register {
		if register, ok := p.Locate(&gateway.Asset{ID: c.Asset, Number: n}); ok {
			return &register
		}
		return nil
	}
	out := change{LedgerChange: c, ToAt: at(c.To)}
	if c.From != nil {
		out.FromAt = at(*c.From)
	}
	return out
}

// step is how much of a kind of change there is.
type step struct {
	Name  string
	Count int
}

func (p *Pages) servePoints(w http.ResponseWriter, r *http.Request) {
	f := p.frame(r, "/points", "Points")
	f.Content = p.Sources.Points != nil
	p.show(w, http.StatusOK, "points", f)
}

// visitorKey tells visitors from each other as well as they can be told: an upload is for whoever sent it.
func visitorKey(r *http.Request) string {
	v := access.Of(r.Context())
	return v.Role.String() + " " + v.Name
}

func (p *Pages) propose(w http.ResponseWriter, r *http.Request) {
	if p.Sources.Points == nil {
		p.trouble(w, r, http.StatusNotFound, "There are no points to import here.")
		return
	}
	name, content, ok := p.upload(w, r)
	if !ok {
		return
	}
	proposal, err := p.Sources.Points.Propose(r.Context(), content)
	if err != nil {
		f := p.frame(r, "/points", "Points")
		f.Content, f.Trouble = true, "Nothing was changed. "+sentence(err.Error())
		p.show(w, web.CodeOf(err), "points", f)
		return
	}
	now := p.Clock()
	page := &planPage{Proposal: proposal, File: name, Until: p.now().Add(uploadLife).Time().In(p.Place)}
	for _, c := range proposal.Changes {
		page.Rows = append(page.Rows, p.change(c))
	}
	for _, kind := range []string{"add", "move", "retire", "reinstate"} {
		n := 0
		for _, c := range proposal.Changes {
			if c.Step == kind {
				n++
			}
		}
		page.Steps = append(page.Steps, step{kind, n})
	}
	if len(proposal.Conflicts) == 0 && !proposal.Nothing {
		page.Token = p.uploads.keep(now.Mono, visitorKey(r), content)
	}
	f := p.frame(r, "/points", "What the list would change")
	f.Content = page
	p.show(w, http.StatusOK, "plan", f)
}

// upload reads the file of a form; ok is false if it could not, and has answered.
func (p *Pages) upload(w http.ResponseWriter, r *http.Request) (name string, content []byte, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, mostUpload+longestForm)
	file, header, err := r.FormFile("list")
	if err != nil {
		p.trouble(w, r, http.StatusBadRequest, "Reading the list: "+sentence(err.Error())+" Choose a file that was exported here, of at most 16 MiB.")
		return "", nil, false
	}
	defer func() { _ = file.Close() }()
	if content, err = io.ReadAll(io.LimitReader(file, mostUpload+1)); err != nil || len(content) > mostUpload {
		p.trouble(w, r, http.StatusRequestEntityTooLarge, "The list is larger than 16 MiB, or could not be read.")
		return "", nil, false
	}
	return header.Filename, content, true
}

func (p *Pages) importList(w http.ResponseWriter, r *http.Request) {
	if !p.parse(w, r) {
		return
	}
	content, ok := p.uploads.take(p.Clock().Mono, visitorKey(r), r.PostFormValue("token"))
	if !ok {
		p.trouble(w, r, http.StatusGone, "The list that was shown is kept for ten minutes, and that is over, or it was imported already: upload it again, and look at what it changes.")
		return
	}
	if _, err := p.Sources.Points.Import(r.Context(), content, r.PostFormValue("moves") != "", author(r)); err != nil {
		f := p.frame(r, "/points", "Points")
		f.Content, f.Trouble = true, "Nothing was changed. "+sentence(err.Error())
		p.show(w, web.CodeOf(err), "points", f)
		return
	}
	http.Redirect(w, r, "/points?done=imported", http.StatusSeeOther)
}
