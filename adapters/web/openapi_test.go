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
	"github.com/santhosh-tekuri/jsonschema/v6"

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
	order         any    // the body, nil for none
	file          bool   // the body is a file
	answer        any    // nil for none
	kind          string // of an answer that is no JSON
	codes         []int  // of refusals, beside those of every route
}

type parameter struct{ name, text string }

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
			{"q", "A text in the name, an id, the kind or the names around, in any case of letters."},
			{"kind", "Kinds with commas between: site, building, floor, room, zone, sensor, group."},
			{"quality", "Qualities with commas between: never, good, uncertain, held, substituted, forced, out_of_service."},
			{"sort", "One of " + strings.Join(sortKeys, ", ") + "; with - before it the reverse. Without it: number."},
			{"from", "How many rows to leave out at the beginning."},
			{"limit", "How many rows at most."},
		},
		answer: Assets{}, codes: []int{400},
	},
	"GET /api/v1/assets/{asset}": {summary: "Everything about one asset: why it is what it is, its points with their words, its events", answer: AssetDetail{}, codes: []int{404, 503}},
	"GET /api/v1/assets/{asset}/history": {
		summary: "How the asset was, by the minute", query: []parameter{{"from", "RFC 3339; a day before until, if it is left out."}, {"until", "RFC 3339; now, if it is left out. At most 31 days after from."}},
		answer: History{}, codes: []int{400, 404, 503},
	},
	"GET /api/v1/live": {
		summary: "What changes, as server-sent events",
		text: "Events: assets (an array of Row that replace those of the same number), left (an array of numbers that no asset has any more), summary (a LiveSummary; at most once a second, and every 15 s at least), " +
			"reset (the cursor is of another run, or you fell behind: load the list again, and open the stream with its cursor; the stream ends). The id of an event is a cursor. A stream lasts 15 minutes; connect again with Last-Event-ID, as browsers do. See docs/api.md.",
		query: []parameter{{"cursor", "Of a list, or of an event: what changed since is told first. The header Last-Event-ID goes before it. Without either: from now on."}}, kind: "text/event-stream", codes: []int{503},
	},
	"GET /api/v1/audit":  {summary: "What people did, the newest first", answer: Audit{}, codes: []int{500}},
	"GET /api/v1/points": {summary: "The list of points, as a file", query: []parameter{{"format", "csv, xlsx or json; csv if it is left out."}, {"columns", "true for the addresses on the column units."}}, kind: "application/octet-stream", codes: []int{400, 404}},
	"POST /api/v1/points/plan": {
		summary: "What a list of points would change", text: "Nothing is changed. The body is the file, 16 MiB at most.", file: true, answer: Proposal{}, codes: []int{400, 404, 413, 422},
	},
	"POST /api/v1/points/import": {
		summary: "Import a list of points: all of it or nothing", text: "The body is the file, 16 MiB at most.", file: true,
		query: []parameter{{"allow_moves", "true if numbers may come to mean another asset."}}, answer: Rearranged{}, codes: []int{400, 404, 413, 422, 503},
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
	"GET /api/v1/walks/{walk}":      {summary: "A walk test with its checks", query: []parameter{{"format", "json or csv; json if it is left out."}}, answer: Walk{}, codes: []int{400, 404, 503}},
	"DELETE /api/v1/walks/{walk}":   {summary: "Forget a walk test", codes: []int{404, 503}},
	"POST /api/v1/walks/{walk}/end": {summary: "End a walk test: it stays as it is", codes: []int{404, 503}},
	"POST /api/v1/walks/{walk}/checks": {
		summary: "Record what is there, beside what is served at this moment", text: "A walk has 20 000 checks at most, all of them 50 000.", order: CheckOrder{}, answer: Check{}, codes: []int{400, 404, 413, 415, 422, 503},
	},
	"DELETE /api/v1/walks/{walk}/checks/{asset}": {summary: "Take back the last check of an asset", text: "Here the asset is the id alone.", codes: []int{404, 422, 503}},
	"GET /healthz": {summary: "Whether it answers and stores what it is sent", kind: "text/plain", codes: []int{503}},
	"GET /readyz":  {summary: "The same", kind: "text/plain", codes: []int{503}},
	"GET /metrics": {summary: "Counters for Prometheus; no label per asset", kind: "text/plain"},
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
	415: "The order must be application/json.", 422: "It was understood, and cannot be done.", 500: "It could not be read.", 503: "Not now: try again a little later.",
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
	answers := make(map[string]any)
	switch {
	case o.answer != nil:
		answers["200"] = map[string]any{"description": "Done.", "content": map[string]any{"application/json": map[string]any{"schema": schemas.of(o.answer)}}}
	case o.kind != "":
		answers["200"] = map[string]any{"description": "Done.", "content": map[string]any{o.kind: map[string]any{}}}
	default:
		answers["204"] = map[string]any{"description": "Done."}
	}
	codes := slices.Clone(o.codes)
	if role > access.Stranger {
		codes = append(codes, http.StatusUnauthorized)
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

// validator returns what compares JSON with a schema of the document, in which no key is allowed beside those named.
func validator(t *testing.T) func(what string, at []string, text []byte) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	must(err)
	closeObjects(document)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	must(compiler.AddResource("openapi.json", document))
	return func(what string, at []string, text []byte) {
		t.Helper()
		pointer := ""
		for _, step := range at {
			pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(step)
		}
		schema, err := compiler.Compile("openapi.json#" + pointer)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		must(err)
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v\n%s", what, err, text)
		}
	}
}

// closeObjects forbids keys that a schema does not name.
func closeObjects(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, named := v["properties"]; named {
			v["additionalProperties"] = false
		}
		for _, inner := range v {
			closeObjects(inner)
		}
	case []any:
		for _, inner := range v {
			closeObjects(inner)
		}
	}
}
