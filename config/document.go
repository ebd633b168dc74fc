package config

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"butlr-gateway/gateway"

	"github.com/BurntSushi/toml"
)

// document is one file while it is read: what it says, where, and what is wrong with it.
type document struct {
	file     string
	text     []byte
	machine  Machine
	meta     toml.MetaData
	entries  map[string]entry // by full key, of every key that stands where this version looks
	literal  []toml.Key       // secrets that stand in the file itself
	problems Problems
	warnings Problems
	refused  map[string]bool // keys whose value could not be used: no check needs to blame them again
}

// entry is one key of the file.
type entry struct {
	raw  toml.Primitive
	show show
}

// show says how much of an entry's value a problem may tell.
type show uint8

const (
	showNothing show = iota // unknown keys and whole sections: a secret may be in them
	showHidden              // secrets
	showValue
)

func newDocument(file string, text []byte, machine Machine) *document {
	return &document{
		file:    file,
		text:    bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), // as Windows editors begin a file
		machine: machine,
		entries: map[string]entry{},
		refused: map[string]bool{},
	}
}

// read puts what the file says into c. It returns false if the text is not TOML, so that nothing was read.
func (d *document) read(c *Config) bool {
	var sections map[string]toml.Primitive
	meta, err := toml.Decode(string(d.text), &sections)
	if err != nil {
		d.notTOML(err)
		return false
	}
	d.meta = meta
	d.table(nil, sections, reflect.ValueOf(c).Elem())
	return true
}

// notTOML reports what the library says of text that it cannot read. That may quote a value, and is only
// repeated where the value cannot be a secret.
func (d *document) notTOML(err error) {
	p := Problem{
		File:    d.file,
		Message: "the line is not TOML",
		Hint:    "a line is [section], or key = value with text in double quotes; what follows this line was not checked",
	}
	if syntax, ok := errors.AsType[toml.ParseError](err); ok {
		p.Line = max(1, syntax.Position.Line)
		switch said := visible(strings.TrimSuffix(syntax.Message, ".")); {
		case strings.HasSuffix(said, "has already been defined"):
			p.Message = said
			p.Hint = "write each section and each key once; what follows this line was not checked"
		case isSection(syntax.LastKey), isPublic(syntax.LastKey):
			p.Message += ": " + said
		}
	}
	d.problems = append(d.problems, p)
}

// table puts the keys of one table into a struct, by the names in the struct's tags.
func (d *document) table(path toml.Key, values map[string]toml.Primitive, into reflect.Value) {
	for name, raw := range values {
		key := slices.Concat(path, toml.Key{name})
		d.entries[key.String()] = entry{raw: raw}
		field, known := fieldOf(into, name)
		if !known {
			d.unknown(key, into.Type())
			continue
		}
		switch into := field.Addr().Interface().(type) {
		case *Secret:
			d.entries[key.String()] = entry{raw: raw, show: showHidden}
			d.secret(key, into)
		case *map[gateway.AssetID]Asset:
			d.assets(key, *into)
		default:
			if field.Kind() == reflect.Struct {
				d.section(key, field)
				continue
			}
			d.entries[key.String()] = entry{raw: raw, show: showValue}
			for _, f := range set(into, d.value(key)) {
				d.refuse(key, f)
			}
		}
	}
}

// below returns what lies below a key, and false if the key is no section.
func (d *document) below(key toml.Key) (map[string]toml.Primitive, bool) {
	if _, ok := d.value(key).(map[string]any); !ok {
		return nil, false
	}
	var values map[string]toml.Primitive
	err := d.meta.PrimitiveDecode(d.entries[key.String()].raw, &values)
	return values, err == nil
}

func (d *document) section(key toml.Key, into reflect.Value) {
	values, ok := d.below(key)
	if !ok {
		d.refuse(key, fault{
			message: "must be a section",
			hint:    "write [" + keyText(key) + "] on a line of its own, once, and its keys on the lines below",
		})
		return
	}
	d.table(key, values, into)
}

func (d *document) assets(key toml.Key, into map[gateway.AssetID]Asset) {
	values, ok := d.below(key)
	if !ok {
		d.refuse(key, fault{
			message: "must be sections, one for each asset",
			hint:    "write [assets.room_…] on a line of its own, and its keys on the lines below",
		})
		return
	}
	for id, raw := range values {
		asset := Asset{Index: gateway.NoNumber}
		key := slices.Concat(key, toml.Key{id})
		d.entries[key.String()] = entry{raw: raw}
		d.section(key, reflect.ValueOf(&asset).Elem())
		into[gateway.AssetID(id)] = asset
	}
}

// unknown refuses a key that the table does not have.
func (d *document) unknown(key toml.Key, table reflect.Type) {
	_, isSection := d.below(key)
	d.remember(key)
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

func (d *document) secret(key toml.Key, into *Secret) {
	text, bad := asText(d.value(key))
	if bad == nil {
		*into, bad = secretFrom(text, d.machine)
	}
	if bad != nil {
		d.refuse(key, *bad)
		return
	}
	if into.Reveal() == text && text != "" {
		d.literal = append(d.literal, key)
	}
}

// probe takes a value as it stands in the file. Refusing it makes the library say where it stands.
type probe struct {
	value  any
	refuse bool
}

var errRefused = errors.New("refused")

// UnmarshalTOML implements [toml.Unmarshaler].
func (p *probe) UnmarshalTOML(value any) error {
	p.value = value
	if p.refuse {
		return errRefused
	}
	return nil
}

// value returns what the file says for a key, nil if nothing.
func (d *document) value(key toml.Key) any {
	e, ok := d.entries[key.String()]
	if !ok {
		return nil
	}
	var p probe
	_ = d.meta.PrimitiveDecode(e.raw, &p) // the probe takes anything
	return p.value
}

// line returns the line of a key; for a key that the file does not have, that of its section; else 0.
func (d *document) line(key toml.Key) int {
	for ; len(key) > 0; key = key[:len(key)-1] {
		if line := d.ownLine(key); line > 0 {
			return line
		}
		// A section that is only implied, as mqtt is by [mqtt.embedded], begins with its first key.
		for _, k := range d.meta.Keys() {
			if len(k) > len(key) && slices.Equal(k[:len(key)], key) {
				if line := d.ownLine(k); line > 0 {
					return line
				}
			}
		}
	}
	return 0
}

// ownLine returns the line where the value of a key begins, which is that of the key; 0 if the file does
// not have it. The library's own line is that where a value ends.
func (d *document) ownLine(key toml.Key) int {
	e, ok := d.entries[key.String()]
	if !ok {
		return 0
	}
	err := d.meta.PrimitiveDecode(e.raw, &probe{refuse: true})
	where, ok := errors.AsType[toml.ParseError](err)
	if !ok || where.Position.Line == 0 {
		return 0
	}
	return 1 + bytes.Count(d.text[:where.Position.Start], []byte("\n"))
}

// problem returns f with the place, and as much of the value as may be shown.
func (d *document) problem(key toml.Key, f fault) Problem {
	p := Problem{File: d.file, Line: d.line(key), Key: keyText(key), Value: f.value, Message: f.message, Hint: f.hint}
	if known, ok := lookup(key.String()); ok && p.Hint == "" && !slices.Contains([]string{"", `""`, "[]"}, known.Default) {
		p.Hint = "leave the line out for " + known.Default
	}
	if p.Value != "" {
		return p
	}
	switch d.entries[key.String()].show {
	case showHidden:
		p.Value = hidden
	case showValue:
		p.Value = shown(d.value(key))
	}
	return p
}

// refuse reports a value that cannot be used.
func (d *document) refuse(key toml.Key, f fault) {
	d.refused[key.String()] = true
	d.problems = append(d.problems, d.problem(key, f))
}

func (d *document) sortedProblems() Problems {
	d.problems.sort()
	return d.problems
}

func (d *document) sortedWarnings() Problems {
	d.warnings.sort()
	return d.warnings
}

// fieldOf returns the field with that name in its tag.
func fieldOf(into reflect.Value, name string) (reflect.Value, bool) {
	for i := range into.NumField() {
		if tag := into.Type().Field(i).Tag.Get("toml"); tag == name && tag != "" && tag != "-" {
			return into.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// namesOf returns the names in a struct's tags, in their order.
func namesOf(table reflect.Type) []string {
	var names []string
	for field := range table.Fields() {
		if tag := field.Tag.Get("toml"); tag != "" && tag != "-" {
			names = append(names, tag)
		}
	}
	return names
}

// unknownHint says what the operator may have meant by a key that the table does not have.
func unknownHint(key toml.Key, table reflect.Type, isSection bool) string {
	name, names := key[len(key)-1], namesOf(table)
	if meant := nearest(name, names); meant != "" {
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
