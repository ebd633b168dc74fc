package pages

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

//go:embed html/*.html
var htmlFiles embed.FS

// Options is what the pages show, and by whom they have it done. All but Walks and the functions in Sources
// must be set.
type Options struct {
	Board    *web.Board
	Desk     *web.Desk
	Reporter *web.Reporter
	Sources  web.Sources
	Walks    *web.Walks // nil without walk tests
	Clock    gateway.Clock
	Place    *time.Location                      // whose time it is on pages about more than one asset
	PlaceOf  func(*gateway.Asset) *time.Location // whose times of day a page about an asset shows
	Locate   func(*gateway.Asset) (web.Register, bool)
	Topic    func(*gateway.Asset) string // "" without a broker
	Log      *slog.Logger
}

// Pages answers with HTML.
type Pages struct {
	Options
	mux       *http.ServeMux
	templates map[string]*template.Template
	files     *files
	uploads   *uploads
}

// answerTime is how long a page waits for the gateway.
const answerTime = 5 * time.Second

// New returns the pages. Whether somebody may look at all is for others to say: what only operators may do is
// refused here as well.
func New(o Options) (*Pages, error) {
	if o.Board == nil || o.Desk == nil || o.Reporter == nil || o.Clock == nil || o.Place == nil || o.PlaceOf == nil || o.Locate == nil || o.Topic == nil || o.Log == nil {
		return nil, errors.New("making the pages: an option is missing")
	}
	p := &Pages{Options: o, mux: http.NewServeMux(), templates: map[string]*template.Template{}, uploads: newUploads()}
	var err error
	if p.files, err = newFiles(); err != nil {
		return nil, err
	}
	for _, name := range []string{"table", "asset", "walks", "walk", "polls", "health", "audit", "points", "plan", "trouble"} {
		t := template.New("frame.html").Funcs(functions).Funcs(template.FuncMap{"file": p.files.address})
		if p.templates[name], err = t.ParseFS(htmlFiles, "html/frame.html", "html/"+name+".html"); err != nil {
			return nil, fmt.Errorf("making the page %s: %w", name, err)
		}
	}
	p.routes()
	return p, nil
}

func (p *Pages) routes() {
	p.mux.HandleFunc("GET /{$}", p.serveTable)
	p.mux.HandleFunc("GET /assets/{asset}", p.serveAsset)
	p.mux.HandleFunc("POST /assets/{asset}/force", p.operators(p.force))
	p.mux.HandleFunc("POST /assets/{asset}/release", p.operators(p.release))
	p.mux.HandleFunc("POST /assets/{asset}/reset-estimate", p.operators(p.resetEstimate))
	p.mux.HandleFunc("GET /polls", p.servePolls)
	p.mux.HandleFunc("GET /health", p.serveHealth)
	p.mux.HandleFunc("GET /audit", p.serveAudit)
	p.mux.HandleFunc("GET /points", p.servePoints)
	p.mux.HandleFunc("POST /points/plan", p.operators(p.propose))
	p.mux.HandleFunc("POST /points/import", p.operators(p.importList))
	p.mux.HandleFunc("GET /page/{file}", p.files.serve)
	p.walkRoutes()
}

// ServeHTTP answers a request.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := p.mux.Handler(r); pattern == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		p.trouble(w, r, http.StatusNotFound, "There is no such page.")
		return
	}
	patience := answerTime
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/points/") {
		patience = importTime
		p.extend(w, patience)
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p.mux.ServeHTTP(w, r.WithContext(ctx))
}

// extend lets a request take longer than the server allows others.
func (p *Pages) extend(w http.ResponseWriter, by time.Duration) {
	connection, end := http.NewResponseController(w), time.Now().Add(by)
	if err := errors.Join(connection.SetReadDeadline(end), connection.SetWriteDeadline(end)); err != nil {
		p.Log.Debug("deadline not set", "err", err)
	}
}

// operators refuses everyone else.
func (p *Pages) operators(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if access.Of(r.Context()).Role < access.Operator {
			p.trouble(w, r, http.StatusForbidden, onlyOperators)
			return
		}
		next(w, r)
	}
}

// onlyOperators says why something cannot be done here.
const onlyOperators = "Only operators may do this: log in with the operators' password, which is [web] password of the configuration."

// frame is what every page shows around its content.
type frame struct {
	Title    string
	Here     string // the entry of the navigation that this page belongs to
	Gateway  string
	Visitor  access.Visitor
	Operator bool
	Health   healthWord
	Now      time.Time // by the state's clock, in the place of the page
	CanLogIn bool      // there is a password to become an operator with
	Done     string    // what was just done, as a sentence; "" for nothing
	Trouble  string    // what could not be done, and why
	Scripts  []string
	Cursor   string // of the live stream, from which on changes are not on the page
	Content  any
}

// healthWord is the gateway's health in a few words.
type healthWord struct {
	Class, Text string
}

func (p *Pages) healthWord() healthWord {
	alarms, storing := 0, true
	for alarm := range p.Reporter.Alarms.Each {
		alarms++
		storing = storing && alarm != gateway.JournalFailing
	}
	switch {
	case !storing:
		return healthWord{"bad", "cannot store"}
	case alarms == 1:
		return healthWord{"doubt", "1 alarm"}
	case alarms > 1:
		return healthWord{"doubt", fmt.Sprintf("%d alarms", alarms)}
	}
	return healthWord{"well", "well"}
}

// frame returns the frame of a page.
func (p *Pages) frame(r *http.Request, here, title string) *frame {
	v := access.Of(r.Context())
	return &frame{
		Title: title, Here: here, Gateway: p.Reporter.Name, Visitor: v, Operator: v.Role >= access.Operator,
		CanLogIn: access.CanLogIn(r.Context()), Cursor: p.Board.Cursor(),
		Health: p.healthWord(), Now: p.now().Time().In(p.Place), Done: doneSentences[r.URL.Query().Get("done")],
	}
}

// doneSentences are what a page may say after it was sent back to: an address decides which, and nothing else of
// what is said.
var doneSentences = map[string]string{
	"forced":   "The override is in force.",
	"released": "The override has ended.",
	"reset":    "The estimate begins anew: nobody is there now.",
	"imported": "The list is in force.",
	"started":  "The walk test has begun.",
	"ended":    "The walk test has ended. Nothing more is added to it.",
	"deleted":  "The walk test is deleted.",
}

func (p *Pages) now() gateway.Timestamp { return p.Board.Time(p.Clock()) }

// show writes a page.
func (p *Pages) show(w http.ResponseWriter, code int, name string, f *frame) {
	var page bytes.Buffer
	if err := p.templates[name].Execute(&page, f); err != nil {
		p.Log.Error("page not made", "page", name, "err", err)
		http.Error(w, "making the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = page.WriteTo(w) // whoever went away does not need it
}

// trouble shows a page that says only what is wrong.
func (p *Pages) trouble(w http.ResponseWriter, r *http.Request, code int, why string) {
	f := p.frame(r, "", http.StatusText(code))
	f.Trouble = why
	p.show(w, code, "trouble", f)
}

// failed shows why something could not be shown or done.
func (p *Pages) failed(w http.ResponseWriter, r *http.Request, err error) {
	p.trouble(w, r, web.CodeOf(err), sentence(err.Error()))
}
