package access

import (
	_ "embed"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
)

//go:embed login.html
var loginText string

//go:embed login.css
var loginStyle []byte

var loginTemplate = template.Must(template.New("login").Parse(loginText))

// maxForm is how long what the login page sends may be, in bytes.
const maxForm = 4 << 10

// form is what the login page shows.
type form struct {
	Name    string
	To      string
	Problem string
	Closed  string // why nobody can log in
}

// ServeLogin serves the login page (GET), and logs in (POST): a password, and if they like a name for the
// audit. Who is logged in is sent to the page that they had asked for.
func (g *Gate) ServeLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		to := localPath(r.URL.Query().Get("to"))
		if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			// A link on another site led here, and with it a browser sends no SameSite=Strict cookie:
			// whoever is logged in is let in when their browser asks once more by itself.
			w.Header().Set("Refresh", "0; url="+to)
		}
		g.show(w, r, http.StatusOK, form{To: to})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	f := form{Name: auditName(r.PostForm.Get("name")), To: localPath(r.PostForm.Get("to"))}
	password, keys := r.PostForm.Get("password"), g.keys.Load()
	switch {
	case !keys.passwords.any() || g.options.Open:
		g.show(w, r, http.StatusForbidden, f)
		return
	case password == "":
		f.Problem = "give the password"
		g.show(w, r, http.StatusBadRequest, f)
		return
	}
	role, err := keys.doors.try(remote(r), password)
	if err != nil {
		f.Problem = err.Error()
		code := codeOf(err)
		if code == http.StatusUnauthorized { // which would need a challenge, and a form is none
			code = http.StatusForbidden
		} else {
			w.Header().Set("Retry-After", retryAfter)
		}
		g.show(w, r, code, f)
		return
	}
	g.forget(r)
	http.SetCookie(w, g.cookie(keys.sessions.begin(Visitor{Role: role, Name: f.Name, Session: true})))
	http.Redirect(w, r, f.To, http.StatusSeeOther)
}

func (g *Gate) show(w http.ResponseWriter, r *http.Request, code int, f form) {
	switch {
	case g.options.Open:
		f.Closed = "This is a demo: everybody on this machine may change everything, without a password."
	case !g.keys.Load().passwords.any():
		f.Closed = "There is no password, so that everybody on this machine may look and nobody may change anything. Set [web] password in the configuration to log in here."
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if r.Method == http.MethodHead {
		return
	}
	if err := loginTemplate.Execute(w, f); err != nil {
		g.options.Log.Debug("login page not sent", "err", err)
	}
}

// ServeStyle serves the style of the login page.
func ServeStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=3600")
	_, _ = w.Write(loginStyle) // whoever went away does not need it
}

// ServeLogout ends the visitor's session.
func (g *Gate) ServeLogout(w http.ResponseWriter, r *http.Request) {
	g.forget(r)
	gone := g.cookie("")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// forget ends the sessions that a browser knows of.
func (g *Gate) forget(r *http.Request) {
	for _, c := range r.CookiesNamed(g.cookieName()) {
		g.keys.Load().sessions.end(c.Value)
	}
}

// cookieName is such that, over TLS, a browser takes the cookie from this host alone, and not from plain HTTP.
func (g *Gate) cookieName() string {
	if g.options.TLS {
		return "__Host-butlr"
	}
	return "butlr"
}

// cookie returns the cookie of a session, which also ends with the browser.
func (g *Gate) cookie(secret string) *http.Cookie {
	return &http.Cookie{
		Name: g.cookieName(), Value: secret, Path: "/", Secure: g.options.TLS, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// localPath returns a path of this gateway, with its query: what it was given, or "/" if that could lead
// anywhere else, or to the login page again.
func localPath(to string) string {
	if !strings.HasPrefix(to, "/") || strings.Contains(to, `\`) {
		return "/"
	}
	u, err := url.Parse(to) // which refuses the tabs and line breaks that browsers pass over
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return "/"
	}
	switch clean := path.Clean(u.Path); {
	case strings.HasPrefix(u.Path, "//"), clean == "/login", clean == "/logout":
		return "/"
	}
	return u.RequestURI()
}
