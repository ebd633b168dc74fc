package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// unknown refuses a key that the table does not have.
func (d *document) unknown(key toml.Key, table reflect.Type) {
	_, isSection := d.below(key)
	d.remember(key)
	name := key[len(key)-1]
	if hasSettings(table) && table != stateTable && slices.Contains(namesOf(stateTable), name) {
		d.refuse(key, fault{message: "belongs in [state]: there is one for the whole gateway", hint: "move the line there"})
		return
	}
	d.refuse(key, fault{message: "is not known to this version", hint: unknownHint(key, table, isSection)})
}

// remember notes what lies below an unknown key: a section that is only implied has its first key's line.
func (d *document) remember(key toml.Key) {
	values, _ := d.below(key)
	for name, raw := range values {
		key := slices.Concat(key, toml.Key{name})
		d.entries[key.String()] = entry{raw: raw}
		d.remember(key)
	}
}

// fieldOf returns the field with that name in its tag.
func fieldOf(into reflect.Value, name string) (reflect.Value, bool) {
	for _, field := range fieldsOf(into.Type()) {
		if field.Tag.Get("toml") == name {
			return into.FieldByIndex(field.Index), true
		}
	}
	return reflect.Value{}, false
}

// fieldsOf returns the fields of a struct that keys of the file are put into, those of embedded structs where
// they are embedded.
func fieldsOf(table reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(table), func(field reflect.StructField) bool {
		tag := field.Tag.Get("toml")
		return tag == "" || tag == "-"
	})
}

// namesOf returns the names in a struct's tags, in their order.
func namesOf(table reflect.Type) []string {
	var names []string
	for _, field := range fieldsOf(table) {
		names = append(names, field.Tag.Get("toml"))
	}
	return names
}

// stateTable has, beside settings, the keys that are about the whole gateway.
var stateTable = reflect.TypeFor[State]()

var patchType = reflect.TypeFor[gateway.Patch]()

// hasSettings tells whether a table takes the keys of settings.
func hasSettings(table reflect.Type) bool {
	_, ok := settingsField(table)
	return ok
}

func settingsField(table reflect.Type) (reflect.StructField, bool) {
	for field := range table.Fields() {
		if field.Type == patchType {
			return field, true
		}
	}
	return reflect.StructField{}, false
}

// settingsOf returns where a table collects what its settings change, nil if it takes none.
func settingsOf(into reflect.Value) *gateway.Patch {
	field, ok := settingsField(into.Type())
	if !ok {
		return nil
	}
	return into.FieldByIndex(field.Index).Addr().Interface().(*gateway.Patch)
}

// unknownHint says what the operator may have meant by a key that the table does not have.
func unknownHint(key toml.Key, table reflect.Type, isSection bool) string {
	name, names := key[len(key)-1], namesOf(table)
	known := names
	if hasSettings(table) {
		known = slices.Concat(settingNames(), names)
		names = append(names, "every key of [state] but "+andList(namesOf(stateTable)))
	}
	if table == stateTable {
		names = known
	}
	if meant := nearest(name, known); meant != "" {
		return "did you mean " + strconv.Quote(meant) + "?"
	}
	if len(key) > 1 {
		return "[" + keyText(key[:len(key)-1]) + "] takes " + andList(names)
	}
	if sections := sectionsWith(name); len(sections) > 0 && !isSection {
		return strconv.Quote(name) + " belongs below " + orList(sections)
	}
	return "the sections are " + andList(names)
}

// keyText returns a key as the operator would write it, with nothing in it that a terminal would obey.
func keyText(key toml.Key) string {
	parts := make([]string, len(key))
	for i, part := range key {
		parts[i] = part // a bare key
		if toml.Key([]string{part}).String() != part {
			parts[i] = strconv.Quote(part)
		}
	}
	return strings.Join(parts, ".")
}
