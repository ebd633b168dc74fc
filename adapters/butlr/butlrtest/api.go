// Package butlrtest is Butlr's API as far as its public documentation goes, for tests: with the warts that are
// documented, and nothing that is not.
package butlrtest

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// API answers as Butlr's API does. Its fields are set before the first request; it is safe for several goroutines.
type API struct {
	ClientID, ClientSecret string
	// TokenLife is how long a token is taken, 1000 s if 0.
	TokenLife time.Duration
	// CamelInputs has inputs taken in camelCase only, as the schema prints them; else in snake_case only, as the
	// examples do.
	CamelInputs bool
	// StatusUnauthorized has a token that is not taken answered with 401; else with UNAUTHENTICATED inside 200.
	StatusUnauthorized bool
	// PerMinute is how many requests are answered in any minute; the others get 429. 0 is no limit.
	PerMinute int
	// FlatReports has reports come as a list of points, whatever order was asked for.
	FlatReports bool

	mu        sync.Mutex
	counts    Counts
	inventory Inventory
	hooks     []Webhook
	tokens    map[string]time.Time // until when they are taken
	trouble   []http.HandlerFunc
	requests  []Request
	minted    int
}

// Request is one that was made.
type Request struct {
	Path string
	Body string
	At   time.Time
}

// New returns an API with one client, whose secrets are ClientID and ClientSecret.
func New(clientID, clientSecret string) *API {
	return &API{ClientID: clientID, ClientSecret: clientSecret, tokens: map[string]time.Time{}}
}

// Trouble answers the next requests, one each, instead of the API.
func (a *API) Trouble(next ...http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trouble = append(a.trouble, next...)
}

// Status is trouble that answers with a status, and with "Retry-After" unless after is "".
func Status(code int, after string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		http.Error(w, http.StatusText(code), code)
	}
}

// Text is trouble that answers 200 with a text.
func Text(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

// Pass is no trouble: the request is answered as usual. It stands between others.
var Pass http.HandlerFunc

// Revoke has no token taken any more that was given until now.
func (a *API) Revoke() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.tokens)
}

// Requests returns those that were made, the oldest first.
func (a *API) Requests() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Request(nil), a.requests...)
}

// Logins counts the tokens that were given.
func (a *API) Logins() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.minted
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := new(strings.Builder)
	if _, err := io.Copy(body, r.Body); err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	if next := a.note(Request{r.URL.Path, body.String(), time.Now()}); next != nil {
		next(w, r)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.tooMany():
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many requests", http.StatusTooManyRequests)
	case r.Method != http.MethodPost:
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	case r.URL.Path == "/api/v2/clients/login":
		a.login(w, body.String())
	case r.URL.Path == "/api/v3/graphql":
		a.graphQL(w, r, body.String())
	case r.URL.Path == "/api/v3/reporting":
		a.report(w, r, body.String())
	default:
		http.NotFound(w, r)
	}
}

// note remembers a request, and returns the trouble that it gets, nil if none.
func (a *API) note(r Request) (next http.HandlerFunc) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, r)
	if len(a.trouble) > 0 {
		next, a.trouble = a.trouble[0], a.trouble[1:]
	}
	return next
}

func (a *API) tooMany() bool {
	n := 0
	for _, r := range slices.Backward(a.requests) {
		if time.Since(r.At) >= time.Minute {
			break
		}
		n++
	}
	return a.PerMinute > 0 && n > a.PerMinute
}

func (a *API) login(w http.ResponseWriter, body string) {
	var asked struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		Audience     string `json:"audience"`
		GrantType    string `json:"grant_type"`
	}
	if json.Unmarshal([]byte(body), &asked) != nil || asked.Audience != "https://butlrauth/" || asked.GrantType != "client_credentials" {
		http.Error(w, `{"error":"invalid_request"}`, http.StatusBadRequest)
		return
	}
	if asked.ClientID != a.ClientID || asked.ClientSecret != a.ClientSecret {
		http.Error(w, `{"error":"access_denied"}`, http.StatusUnauthorized)
		return
	}
	life := a.TokenLife
	if life == 0 {
		life = 1000 * time.Second
	}
	token := "token-" + rand.Text()
	a.tokens[token] = time.Now().Add(life)
	a.minted++
	writeJSON(w, map[string]any{"access_token": token, "expires_in": int(life / time.Second), "token_type": "Bearer"})
}

// known tells whether a request has a token that is taken.
func (a *API) known(r *http.Request) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && time.Now().Before(a.tokens[token])
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // whoever asked has gone
}

// Direct is a way to the API without a network, which works where time is virtual.
func (a *API) Direct() http.RoundTripper { return direct{a} }

type direct struct{ api *API }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	d.api.ServeHTTP(answer, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	response := answer.Result()
	response.Request = r
	return response, nil
}

// StatusText is trouble that answers with a status and a text.
func StatusText(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}
}

// Ask asks a question as somebody who is logged in, and returns the status and the answer.
func Ask(a *API, body string) string { return ask(a, "/api/v3/graphql", body) }

func ask(a *API, path, body string) string {
	a.mu.Lock()
	a.tokens["of Ask"] = time.Now().Add(time.Minute)
	a.mu.Unlock()
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer of Ask")
	answer := httptest.NewRecorder()
	a.ServeHTTP(answer, request)
	return strconv.Itoa(answer.Code) + " " + strings.TrimSpace(answer.Body.String())
}

// Untrouble answers the next requests as usual, whatever trouble there was to be.
func (a *API) Untrouble() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trouble = nil
}
