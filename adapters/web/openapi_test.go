package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web/access"
)

// updating tells whether documents are to be rewritten. The flag is defined beside the tests from outside.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// operation is what the document says of a route. What it asks for and answers are values of the types.
type operation struct {
	summary, text string
	query         []parameter
	order         any      // the body, nil for none
	file          bool     // the body is a file
	answer        any      // nil for none
	kinds         []string // of an answer that is no JSON, or of one that can be something else too
	codes         []int    // of refusals, beside those of every route
}

// parameter is one of a query; without a schema it is any text.
type parameter struct {
	name, text string
	schema     map[string]any
}

var (
	wholeNumber = map[string]any{"type": "integer", "minimum": 0}
	yesOrNo     = map[string]any{"type": "boolean"}
	moment      = map[string]any{"type": "string", "format": "date-time"}
)

// oneOf is a text that is one of some.
func oneOf(texts ...string) map[string]any { return map[string]any{"type": "string", "enum": texts} }

// severalOf is some of the texts, with commas between.
func severalOf(texts ...string) map[string]any {
	return map[string]any{"type": "array", "items": oneOf(texts...)}
}

func bothWays(keys []string) (out []string) {
	for _, key := range keys {
		out = append(out, key, "-"+key)
	}
	return out
}

const (
	nameOfAsset = "A name of the asset: Butlr's id, \"custom:\" and the customer's own id, or \"group:\" and a group's key."
	tree        = "A tree is made from the list alone: a row lies below the row whose asset is its parent, sensors below their room or zone, and what has no parent, or one that is not in the list, at the top."
)

// operations describes every route.
var operations = map[string]operation{
	"GET /api/v1/status": {summary: "What the gateway says of itself", answer: Status{}, codes: []int{503}},
	"GET /api/v1/assets": {
		summary: "The assets, a row each", text: tree + " Without limit it has all of them. Where there are many, the rows are not of one moment, but each of them is; what changes after cursor is told by /api/v1/live.",
		query: []parameter{
			{"q", "A text in the name, an id, the kind or the names around, in any case of letters.", nil},
			{"kind", "Kinds, with commas between.", severalOf("site", "building", "floor", "room", "zone", "sensor", "group")},
			{"quality", "Qualities, with commas between.", severalOf("never", "good", "uncertain", "held", "substituted", "forced", "out_of_service")},
			{"sort", "With - before it the reverse. Without it: number.", oneOf(bothWays(sortKeys)...)},
			{"from", "How many rows to leave out at the beginning.", wholeNumber},
			{"limit", "How many rows at most.", wholeNumber},
		},
		answer: Assets{}, codes: []int{400},
	},
	"GET /api/v1/assets/{asset}": {summary: "Everything about one asset: why it is what it is, its points with their words, its events", answer: AssetDetail{}, codes: []int{404, 500, 503}},
	"GET /api/v1/assets/{asset}/history": {
		summary: "How the asset was, by the minute", query: []parameter{{"from", "RFC 3339; a day before until, if it is left out.", moment}, {"until", "RFC 3339; now, if it is left out. At most 31 days after from.", moment}},
		answer: History{}, codes: []int{400, 404, 500, 503},
	},
	"GET /api/v1/live": {
		summary: "What changes, as server-sent events",
		text: "Events: assets (an array of Row that replace those of the same number), left (an array of numbers that no asset has any more), summary (a LiveSummary; at most once a second, and every 15 s at least), " +
			"reset (the cursor is of another run, or you fell behind: load the list again, and open the stream with its cursor; the stream ends). The id of an event is a cursor. A stream lasts 15 minutes; connect again with Last-Event-ID, as browsers do. See docs/api.md.",
		query: []parameter{{"cursor", "Of a list, or of an event: what changed since is told first. The header Last-Event-ID goes before it. Without either: from now on.", nil}}, kinds: []string{"text/event-stream"}, codes: []int{400, 503},
	},
	"GET /api/v1/audit":  {summary: "What people did, the newest first", answer: Audit{}, codes: []int{500}},
	"GET /api/v1/points": {summary: "The list of points, as a file", query: []parameter{{"format", "csv if it is left out.", oneOf("csv", "xlsx", "json")}, {"columns", "true for the addresses on the column units.", yesOrNo}}, kinds: []string{"text/csv", "application/json", pointTypes["xlsx"]}, codes: []int{400, 404, 422, 503}},
	"POST /api/v1/points/plan": {
		summary: "What a list of points would change", text: "Nothing is changed. The body is the file, 16 MiB at most.", file: true, answer: Proposal{}, codes: []int{400, 404, 413, 422, 503},
	},
	"POST /api/v1/points/import": {
		summary: "Import a list of points: all of it or nothing", text: "The body is the file, 16 MiB at most.", file: true,
		query: []parameter{{"allow_moves", "true if numbers may come to mean another asset.", yesOrNo}}, answer: Rearranged{}, codes: []int{400, 404, 413, 422, 503},
	},
	"GET /api/v1/openapi.json": {summary: "This document", answer: map[string]any{}},
	"POST /api/v1/force": {
		summary: "Force an output, or people, for some time", text: "The author is whoever asks: leave it out. One that names somebody else is refused.", order: ForceOrder{}, answer: Forced{}, codes: []int{400, 404, 413, 415, 422, 503},
	},
	"POST /api/v1/release": {summary: "End overrides", text: "The author as in force.", order: ReleaseOrder{}, answer: Released{}, codes: []int{400, 404, 413, 415, 422, 503}},
	"POST /api/v1/reset-estimate": {
		summary: "Begin a traffic estimate anew: nobody is there now", text: "The author as in force.", order: ResetOrder{}, answer: Reset{}, codes: []int{400, 404, 413, 415, 422, 503},
	},
	"GET /api/v1/walks":             {summary: "The walk tests, without their checks", answer: WalkList{}, codes: []int{503}},
	"POST /api/v1/walks":            {summary: "Begin a walk test", text: "100 are kept.", order: StartOrder{}, answer: Walk{}, codes: []int{400, 413, 415, 422, 503}},
	"GET /api/v1/walks/{walk}":      {summary: "A walk test with its checks", query: []parameter{{"format", "json if it is left out.", oneOf("json", "csv")}}, answer: Walk{}, kinds: []string{"text/csv"}, codes: []int{400, 404, 503}},
	"DELETE /api/v1/walks/{walk}":   {summary: "Forget a walk test", codes: []int{404, 503}},
	"POST /api/v1/walks/{walk}/end": {summary: "End a walk test: it stays as it is", codes: []int{404, 503}},
	"POST /api/v1/walks/{walk}/checks": {
		summary: "Record what is there, beside what is served at this moment", text: "A walk has 20 000 checks at most, all of them 50 000.", order: CheckOrder{}, answer: Check{}, codes: []int{400, 404, 413, 415, 422, 503},
	},
	"DELETE /api/v1/walks/{walk}/checks/{asset}": {summary: "Take back the last check of an asset", text: "Here the asset is the id alone.", codes: []int{404, 422, 503}},
	"GET /healthz": {summary: "Whether it answers and stores what it is sent", kinds: []string{"text/plain"}, codes: []int{503}},
	"GET /readyz":  {summary: "The same", kinds: []string{"text/plain"}, codes: []int{503}},
	"GET /metrics": {summary: "Counters for Prometheus; no label per asset", kinds: []string{"text/plain"}},
}

// Every route is in the document, the document has no other, and its schemas are those of the types. "go test
// ./adapters/web -run OpenAPIDocument -update" writes it.
//
// Seen to break it: a route, or a field of a row, that the document does not have.
func TestOpenAPIDocument(t *testing.T) {
	s, _ := routesOf(t, testOptions(building()))
	roles := map[string]access.Role{"GET /healthz": access.Stranger, "GET /readyz": access.Stranger, "GET /metrics": access.Viewer}
	for _, r := range s.routes() {
		roles[r.pattern] = r.role
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(roles)), slices.Sorted(maps.Keys(operations))); diff != "" {
		t.Fatalf("routes (-server +document):\n%s", diff)
	}
	text, err := json.MarshalIndent(document(roles), "", "  ")
	must(err)
	text = append(text, '\n')
	for _, path := range []string{"openapi.json", "../../docs/openapi.json"} {
		if updating() {
			must(os.WriteFile(path, text, 0o644))
		}
		kept, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(kept, text) {
			t.Errorf("%s differs, %v; \"go test ./adapters/web -run OpenAPIDocument -update\" rewrites it:\n%s", path, err, cmp.Diff(string(kept), string(text)))
		}
	}
}

// document puts the whole together.
func document(roles map[string]access.Role) map[string]any {
	schemas := newSchemas()
	paths := make(map[string]map[string]any)
	for pattern, o := range operations {
		method, path, _ := strings.Cut(pattern, " ")
		if paths[path] == nil {
			paths[path] = make(map[string]any)
		}
		paths[path][strings.ToLower(method)] = o.describe(path, roles[pattern], schemas)
	}
	schemas.of(LiveSummary{})
	return map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "Butlr Gateway", "version": "1",
			"description": "What the commissioning page shows, for programs. Refusals are plain text: a sentence that says what to do. Moments are RFC 3339 in UTC, null for never. New keys may come; none goes.",
		},
		"servers":    []any{map[string]any{"url": "/"}},
		"paths":      paths,
		"components": map[string]any{"schemas": schemas.found, "securitySchemes": map[string]any{"basic": map[string]any{"type": "http", "scheme": "basic"}}},
	}
}

var refusals = map[int]string{
	400: "It cannot be understood.", 401: "Log in first.", 403: "Only an operator may do that.", 404: "There is no such thing, or this gateway has none.", 413: "It is too long.",
	415: "The order must be application/json.", 422: "It was understood, and cannot be done.", 429: "Too many wrong passwords came from this address.", 500: "It could not be read.", 503: "Not now: try again a little later.",
}

func (o *operation) describe(path string, role access.Role, schemas *schemas) map[string]any {
	out := map[string]any{"summary": o.summary, "description": strings.TrimSpace(o.text + " For whom: " + role.String() + ".")}
	var parameters []any
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			text := map[string]string{"asset}": nameOfAsset, "walk}": "The id of a walk."}[name]
			parameters = append(parameters, map[string]any{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "description": text, "schema": map[string]any{"type": "string"}})
		}
	}
	for _, p := range o.query {
		parameters = append(parameters, map[string]any{"name": p.name, "in": "query", "description": p.text, "schema": map[string]any{"type": "string"}})
		if p.schema != nil {
			parameters[len(parameters)-1].(map[string]any)["schema"] = p.schema
		}
		if p.schema["type"] == "array" {
			parameters[len(parameters)-1].(map[string]any)["explode"] = false
		}
	}
	if parameters != nil {
		out["parameters"] = parameters
	}
	text := map[string]any{"text/plain": map[string]any{"schema": map[string]any{"type": "string"}}}
	switch {
	case o.order != nil:
		out["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/json": map[string]any{"schema": schemas.order(o.order)}}}
	case o.file:
		out["requestBody"] = map[string]any{"required": true, "content": map[string]any{"application/octet-stream": map[string]any{}}}
	}
	answers, content := make(map[string]any), make(map[string]any)
	for _, kind := range o.kinds {
		content[kind] = map[string]any{}
	}
	if o.answer != nil {
		content["application/json"] = map[string]any{"schema": schemas.of(o.answer)}
	}
	if len(content) > 0 {
		answers["200"] = map[string]any{"description": "Done.", "content": content}
	} else {
		answers["204"] = map[string]any{"description": "Done."}
	}
	codes := slices.Clone(o.codes)
	if role > access.Stranger {
		codes = append(codes, http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable)
		out["security"] = []any{map[string]any{"basic": []any{}}}
	}
	if role > access.Viewer {
		codes = append(codes, http.StatusForbidden)
	}
	for _, code := range codes {
		answers[strconv.Itoa(code)] = map[string]any{"description": refusals[code], "content": text}
	}
	out["responses"] = answers
	return out
}

// What the server answers is what the document says, to the last key.
//
// Seen to break it: a key renamed in the document; a field that is null where its schema has none.
func TestAnswersAreAsTheDocumentSays(t *testing.T) {
	b := building()
	o := testOptions(b)
	o.Walks = openWalks(t, newPocket(), b)
	o.Desk.Overrider = new(orders)
	o.Desk.Archive = everything{boardArchive{b}}
	o.Sources = sourcesOfEverything()
	o.Reporter.Hub = restored{}
	_, h := routesOf(t, o)
	walk := read[Walk](t, visit(t, h, anna, http.MethodPost, "/api/v1/walks", `{"name":"x"}`)).ID
	validate := validator(t)
	for _, c := range []struct{ pattern, target, body string }{
		{"GET /api/v1/status", "/api/v1/status", ""},
		{"GET /api/v1/assets", "/api/v1/assets", ""},
		{"GET /api/v1/assets/{asset}", "/api/v1/assets/room_1", ""},
		{"GET /api/v1/assets/{asset}/history", "/api/v1/assets/room_1/history", ""},
		{"GET /api/v1/audit", "/api/v1/audit", ""},
		{"POST /api/v1/points/plan", "/api/v1/points/plan", "list"},
		{"POST /api/v1/points/import", "/api/v1/points/import", "list"},
		{"POST /api/v1/force", "/api/v1/force", `{"asset":"room_1","target":"hvac","value":1}`},
		{"POST /api/v1/release", "/api/v1/release", `{"asset":"room_1"}`},
		{"POST /api/v1/reset-estimate", "/api/v1/reset-estimate", `{"asset":"room_1"}`},
		{"POST /api/v1/walks", "/api/v1/walks", `{}`},
		{"POST /api/v1/walks/{walk}/checks", "/api/v1/walks/" + walk + "/checks", `{"asset":"room_1","expected":"vacant"}`},
		{"GET /api/v1/walks/{walk}", "/api/v1/walks/" + walk, ""},
		{"GET /api/v1/walks", "/api/v1/walks", ""},
	} {
		method, path, _ := strings.Cut(c.pattern, " ")
		answer := visit(t, h, anna, method, c.target, c.body)
		if answer.Code != http.StatusOK {
			t.Errorf("%s: %d %s", c.pattern, answer.Code, answer.Body)
			continue
		}
		validate(c.pattern, []string{"paths", path, strings.ToLower(method), "responses", "200", "content", "application/json", "schema"}, answer.Body.Bytes())
		if strings.HasPrefix(c.body, "{") {
			validate("order of "+c.pattern, []string{"paths", path, strings.ToLower(method), "requestBody", "content", "application/json", "schema"}, []byte(c.body))
		}
	}
	s, _ := routesOf(t, o)
	summary, err := json.Marshal(s.live.summary())
	must(err)
	validate("summary", []string{"components", "schemas", "LiveSummary"}, summary)
}
