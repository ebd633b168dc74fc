package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"strings"
	"time"
)

// schemas derives schemas from types, and what they say from the comments.
type schemas struct {
	found    map[string]any    // by the name of the type
	comments map[string]string // by type, or type and field
}

// nullable are lists that may be null, against the custom of this package.
var nullable = map[string]bool{"Walk.Checks": true, "Check.Words": true}

// Texts that an order has, see limits.
var (
	nameGiven  = map[string]any{"minLength": 1}
	authorText = map[string]any{"maxLength": LongestAuthor}
	countText  = map[string]any{"minimum": 0, "maximum": MostPeople}
)

// limits are what is known of a field beside its type.
var limits = map[string]map[string]any{
	"ForceOrder.Asset": nameGiven, "ForceOrder.Target": {"enum": []any{"occupied", "lighting", "hvac", "ventilation", "people"}},
	"ForceOrder.Value": {"type": "integer", "minimum": 0, "maximum": MostPeople}, "ForceOrder.Reason": {"maxLength": LongestReason}, "ForceOrder.Author": authorText,
	"ReleaseOrder.Asset": nameGiven, "ReleaseOrder.Target": {"enum": []any{"", "occupied", "lighting", "hvac", "ventilation", "people"}}, "ReleaseOrder.Author": authorText,
	"ResetOrder.Asset": nameGiven, "ResetOrder.Author": authorText, "StartOrder.Name": {"maxLength": LongestWalkName}, "StartOrder.Author": authorText,
	"CheckOrder.Asset": nameGiven, "CheckOrder.Expected": {"enum": []any{expectOccupied, expectVacant}}, "CheckOrder.People": countText,
	"CheckOrder.Note": {"maxLength": LongestNote}, "CheckOrder.Initials": authorText,
}

// needed are the keys that an order must have.
var needed = map[string][]string{
	"ForceOrder": {"asset", "target", "value"}, "ReleaseOrder": {"asset"}, "ResetOrder": {"asset"}, "CheckOrder": {"asset", "expected"},
}

func newSchemas() *schemas {
	s := &schemas{found: make(map[string]any), comments: make(map[string]string)}
	entries, err := os.ReadDir(".")
	must(err)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.ParseComments)
			must(err)
			s.comment(file)
		}
	}
	return s
}

// comment collects what a file says of its types and their fields.
func (s *schemas) comment(file *ast.File) {
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range decl.Specs {
			t, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			s.comments[t.Name.Name] = oneLine(decl.Doc.Text())
			fields, ok := t.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range fields.Fields.List {
				for _, name := range f.Names {
					s.comments[t.Name.Name+"."+name.Name] = oneLine(f.Comment.Text())
				}
			}
		}
	}
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// of returns the schema of what is answered: every key is there.
func (s *schemas) of(value any) map[string]any { return s.schema(reflect.TypeOf(value), true) }

// order returns the schema of what is asked for: a key may be left out.
func (s *schemas) order(value any) map[string]any { return s.schema(reflect.TypeOf(value), false) }

func (s *schemas) schema(t reflect.Type, whole bool) map[string]any {
	switch t {
	case reflect.TypeFor[Moment]():
		return map[string]any{"type": []any{"string", "null"}, "format": "date-time"}
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Pointer:
		return orNull(s.schema(t.Elem(), whole))
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.schema(t.Elem(), whole)}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return map[string]any{"type": "object"}
		}
		return map[string]any{"type": "object", "additionalProperties": s.schema(t.Elem(), whole)}
	case reflect.Struct:
		return s.object(t, whole)
	}
	return map[string]any{"type": "integer"}
}

func (s *schemas) object(t reflect.Type, whole bool) map[string]any {
	reference := map[string]any{"$ref": "#/components/schemas/" + t.Name()}
	if s.found[t.Name()] != nil {
		return reference
	}
	properties, required := make(map[string]any), []any{}
	out := map[string]any{"type": "object", "properties": properties}
	s.found[t.Name()] = out // before its fields, which may have it in them
	for f := range t.Fields() {
		key := f.Tag.Get("json")
		property := s.schema(f.Type, whole)
		if nullable[t.Name()+"."+f.Name] {
			property = orNull(property)
		}
		maps.Copy(property, limits[t.Name()+"."+f.Name])
		if text := s.comments[t.Name()+"."+f.Name]; text != "" {
			property["description"] = text
		}
		properties[key], required = property, append(required, key)
	}
	if text := s.comments[t.Name()]; text != "" {
		out["description"] = text
	}
	if whole {
		out["required"] = required
	} else {
		out["additionalProperties"] = false // orders are read strictly
		if keys := needed[t.Name()]; keys != nil {
			out["required"] = keys
		}
	}
	return reference
}

func orNull(schema map[string]any) map[string]any {
	kind, ok := schema["type"].(string)
	if !ok {
		return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}
	}
	schema["type"] = []any{kind, "null"}
	return schema
}
