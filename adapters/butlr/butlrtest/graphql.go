package butlrtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// fault is an error of GraphQL's.
type fault struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

func newFault(code, format string, a ...any) fault {
	return fault{Message: fmt.Sprintf(format, a...), Extensions: map[string]any{"code": code}}
}

const (
	invalid         = "GRAPHQL_VALIDATION_FAILED"
	badInput        = "BAD_USER_INPUT"
	unauthenticated = "UNAUTHENTICATED"
	internal        = "INTERNAL_SERVER_ERROR"
)

// graphQL answers one question. Errors come with status 200.
func (a *API) graphQL(w http.ResponseWriter, r *http.Request, body string) {
	if !a.known(r) {
		if a.StatusUnauthorized {
			http.Error(w, "unauthorized", http.StatusUnauthorized)
			return
		}
		writeJSON(w, map[string]any{"data": nil, "errors": []fault{newFault(unauthenticated, "you must be logged in")}})
		return
	}
	var asked struct {
		Query     string
		Variables struct {
			Input []json.RawMessage
			IDs   []string
		}
	}
	if err := json.Unmarshal([]byte(body), &asked); err != nil {
		writeJSON(w, map[string]any{"errors": []fault{newFault("GRAPHQL_PARSE_FAILED", "the body is not JSON")}})
		return
	}
	fields, err := parse(asked.Query)
	if err != nil {
		writeJSON(w, map[string]any{"errors": []fault{newFault("GRAPHQL_PARSE_FAILED", "%v", err)}})
		return
	}
	data, faults := map[string]any{}, []fault{}
	for _, f := range fields {
		if unknown := check("Query", f); unknown != nil {
			writeJSON(w, map[string]any{"errors": unknown})
			return
		}
		value, wrong := a.resolve(f, asked.Variables.Input, asked.Variables.IDs)
		data[f.name] = value
		faults = append(faults, wrong...)
	}
	answer := map[string]any{"data": data}
	if len(faults) > 0 {
		answer["errors"] = faults
	}
	writeJSON(w, answer)
}

func (a *API) resolve(f field, input []json.RawMessage, ids []string) (any, []fault) {
	switch f.name {
	case "webhooks":
		rows := make([]map[string]any, len(a.hooks))
		for i := range a.hooks {
			rows[i] = a.hooks[i].row()
		}
		return pick(f, rows)
	case "createWebhooks":
		return a.createWebhooks(f, input)
	case "updateWebhooks":
		return a.updateWebhooks(f, input)
	case "deleteWebhooks":
		return a.deleteWebhooks(ids), nil
	}
	return a.inventory.resolve(f)
}

// field is one of a selection, with what is selected below it.
type field struct {
	name  string
	below []field
}

var word = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*|[{}]`)
var arguments = regexp.MustCompile(`\([^()]*\)`)

// parse reads what a question selects. Arguments are all variables, and are found elsewhere.
func parse(text string) ([]field, error) {
	words := word.FindAllString(arguments.ReplaceAllString(text, ""), -1)
	for len(words) > 0 && words[0] != "{" {
		words = words[1:] // "query" or "mutation", and a name
	}
	fields, rest, ok := selection(words)
	if !ok || len(rest) > 0 || len(fields) == 0 {
		return nil, fmt.Errorf("syntax error: %q", text)
	}
	return fields, nil
}

func selection(words []string) (fields []field, rest []string, ok bool) {
	if len(words) == 0 || words[0] != "{" {
		return nil, words, false
	}
	for words = words[1:]; len(words) > 0; {
		switch {
		case words[0] == "}":
			return fields, words[1:], true
		case words[0] == "{":
			if len(fields) == 0 {
				return nil, words, false
			}
			last := &fields[len(fields)-1]
			if last.below, words, ok = selection(words); !ok {
				return nil, words, false
			}
		default:
			fields = append(fields, field{name: words[0]})
			words = words[1:]
		}
	}
	return nil, nil, false
}

// check finds fields that a type does not have.
func check(of string, f field) (faults []fault) {
	below, ok := schema[of][f.name]
	switch {
	case !ok:
		return []fault{newFault(invalid, "Cannot query field %q on type %q.", f.name, of)}
	case below == "" && len(f.below) > 0:
		return []fault{newFault(invalid, "Field %q must not have a selection since it has no subfields.", f.name)}
	case below != "" && len(f.below) == 0:
		return []fault{newFault(invalid, "Field %q must have a selection of subfields.", f.name)}
	}
	for _, sub := range f.below {
		faults = append(faults, check(below, sub)...)
	}
	return faults
}

// pick takes what is selected from rows. A field that may not be null and is takes its row away.
func pick(f field, rows []map[string]any) (picked []any, faults []fault) {
	picked = make([]any, len(rows))
	for i, row := range rows {
		value, wrong := pickOne(f, row)
		for k := range wrong {
			wrong[k].Path = append([]any{f.name, i}, wrong[k].Path...)
		}
		faults = append(faults, wrong...)
		if wrong == nil {
			picked[i] = value
		}
	}
	return picked, faults
}

func pickOne(f field, row map[string]any) (map[string]any, []fault) {
	out := map[string]any{}
	for _, sub := range f.below {
		value, ok := row[sub.name]
		if !ok && isResolver(sub.name) {
			wrong := newFault(internal, "Cannot return null for non-nullable field %s.", sub.name)
			wrong.Path = []any{sub.name}
			return nil, []fault{wrong}
		}
		switch below := value.(type) {
		case map[string]any:
			if len(sub.below) == 0 { // JSON
				out[sub.name] = value
				continue
			}
			picked, wrong := pickOne(sub, below)
			if wrong != nil {
				return nil, wrong
			}
			out[sub.name] = picked
		case []map[string]any:
			picked, wrong := pick(sub, below)
			if wrong != nil {
				return nil, wrong
			}
			out[sub.name] = picked
		default:
			out[sub.name] = value
		}
	}
	return out, nil
}

// isResolver tells whether a field is an id in camelCase: their resolvers fail on NULL, and here always.
func isResolver(name string) bool { return strings.HasSuffix(name, "ID") && name != "customID" }
