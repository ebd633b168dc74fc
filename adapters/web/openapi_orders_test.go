package web

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What a schema of an order lets through, the server understands; and what it does not, the server refuses.
// Seen to break it: a key left out of needed; limits of a field left out.
func TestTheDocumentKnowsWhatAnOrderNeeds(t *testing.T) {
	b := building()
	o := testOptions(b)
	o.Walks = openWalks(t, newPocket(), b)
	o.Desk.Overrider = new(orders)
	_, h := routesOf(t, o)
	walk := read[Walk](t, visit(t, h, anna, http.MethodPost, "/api/v1/walks", `{"name":"x"}`)).ID
	schema := schemasAt()
	long := strings.Repeat("x", LongestReason+1)
	for _, c := range []struct {
		pattern string
		good    bool
		bodies  []string
	}{
		{"force", true, []string{`{"asset":"room_1","target":"people","value":65534}`, `{"asset":"room_1","target":"hvac","value":0,"for":"","reason":"","author":""}`}},
		{"force", false, []string{`{"target":"hvac","value":1}`, `{"asset":"","target":"hvac","value":1}`, `{"asset":"room_1","value":1}`, `{"asset":"room_1","target":"hvac"}`,
			`{"asset":"room_1","target":"hvac","value":null}`, `{"asset":"room_1","target":"light","value":1}`, `{"asset":"room_1","target":"people","value":65535}`,
			`{"asset":"room_1","target":"people","value":-1}`, `{"asset":"room_1","target":"hvac","value":1,"reason":"` + long + `"}`, `{"asset":"room_1","target":"hvac","value":1,"until":"x"}`}},
		{"release", true, []string{`{"asset":"room_1","target":""}`, `{"asset":"room_1"}`}},
		{"release", false, []string{`{}`, `{"asset":""}`, `{"asset":"room_1","target":"light"}`, `{"asset":"room_1","author":"` + long + `"}`}},
		{"reset-estimate", false, []string{`{}`, `{"asset":""}`, `{"asset":"room_1","author":"` + long + `"}`}},
		{"walks", true, []string{`{}`, `{"name":"","author":""}`}},
		{"walks", false, []string{`{"name":"` + long + `"}`, `{"author":"` + long + `"}`}},
		{"walks/{walk}/checks", true, []string{`{"asset":"room_1","expected":"occupied","people":65534}`, `{"asset":"room_1","expected":"vacant","people":null,"note":"","initials":""}`}},
		{"walks/{walk}/checks", false, []string{`{"expected":"vacant"}`, `{"asset":"","expected":"vacant"}`, `{"asset":"room_1"}`, `{"asset":"room_1","expected":"busy"}`,
			`{"asset":"room_1","expected":"occupied","people":-1}`, `{"asset":"room_1","expected":"occupied","people":65535}`, `{"asset":"room_1","expected":"vacant","note":"` + long + `"}`, `{"asset":"room_1","expected":"vacant","initials":"` + long + `"}`}},
	} {
		path := "/api/v1/" + c.pattern
		wanted, err := schema([]string{"paths", path, "post", "requestBody", "content", "application/json", "schema"})
		must(err)
		for _, body := range c.bodies {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
			must(err)
			code := visit(t, h, anna, http.MethodPost, strings.Replace(path, "{walk}", walk, 1), body).Code
			if invalid := wanted.Validate(value); (invalid == nil) != c.good || (code == http.StatusOK) != c.good || !c.good && code != http.StatusBadRequest {
				t.Errorf("%s %s: the document says %v, the server %d", path, body, invalid, code)
			}
		}
	}
}

// schemasAt returns what finds a schema of the document, in which no key is allowed beside those named.
func schemasAt() func(at []string) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPI))
	must(err)
	closeObjects(document)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	must(compiler.AddResource("openapi.json", document))
	return func(at []string) (*jsonschema.Schema, error) {
		pointer := ""
		for _, step := range at {
			pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(step)
		}
		return compiler.Compile("openapi.json#" + pointer)
	}
}

// validator returns what compares JSON with a schema of the document.
func validator(t *testing.T) func(what string, at []string, text []byte) {
	find := schemasAt()
	return func(what string, at []string, text []byte) {
		t.Helper()
		schema, err := find(at)
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
