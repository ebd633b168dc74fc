package config

import (
	"bytes"
	"errors"
	"reflect"
	"regexp"
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
			p.Message = "is in the file twice"
			p.Key = strings.Trim(strings.TrimSuffix(strings.TrimPrefix(said, "Key "), " has already been defined"), "'")
			p.Hint = "write each section and each key once; what follows this line was not checked"
		case d.bareCustom(p.Line) != "":
			p.Message = "a name with a colon needs quotes"
			p.Hint = "write [assets." + strconv.Quote(d.bareCustom(p.Line)) + "]; what follows this line was not checked"
		case isSection(syntax.LastKey), isPublic(syntax.LastKey):
			p.Message += ": " + said
		}
	}
	d.problems = append(d.problems, p)
}

// customSection begins the section of an asset by the customer's own id, without the quotes that TOML wants.
var customSection = regexp.MustCompile(`^\s*\[\s*assets\s*\.\s*(custom:[^"'\]]+?)\s*\]`)

// bareCustom returns what a line names without quotes, "" if it does not.
func (d *document) bareCustom(line int) string {
	lines := bytes.SplitN(d.text, []byte("\n"), line+1)
	if line < 1 || line > len(lines) {
		return ""
	}
	if found := customSection.FindSubmatch(lines[line-1]); found != nil {
		return visible(string(found[1]))
	}
	return ""
}

// table puts the keys of one table into a struct, by the names in the struct's tags.
func (d *document) table(path toml.Key, values map[string]toml.Primitive, into reflect.Value) {
	for name, raw := range values {
		key := slices.Concat(path, toml.Key{name})
		d.entries[key.String()] = entry{raw: raw}
		field, known := fieldOf(into, name)
		if !known && d.setting(key, into) {
			continue
		}
		if !known {
			d.unknown(key, into.Type())
			continue
		}
		switch into := field.Addr().Interface().(type) {
		case *Secret:
			d.entries[key.String()] = entry{raw: raw, show: showHidden}
			d.secret(key, into)
		case *map[string]Class:
			sections(d, key, *into, Class{}, "kind of asset", "[class.room]")
		case *map[gateway.AssetID]Site:
			sections(d, key, *into, Site{}, "site", "[sites.site_…]")
		case *map[gateway.AssetID]Asset:
			sections(d, key, *into, Asset{Index: gateway.NoNumber}, "asset", "[assets.room_…]")
		case *map[string]Push:
			sections(d, key, *into, defaultPush(), "target", "[push.ahu-3]")
		case *map[string]Publishing:
			sections(d, key, *into, defaultPublishing(), "broker", "[brokers.second]")
		case *map[string]Forward:
			sections(d, key, *into, defaultForward(), "endpoint", "[forward.workplace-app]")
		case *map[string]PushPoint:
			*into = map[string]PushPoint{}
			sections(d, key, *into, defaultPoint(), "point", "[push.ahu-3.points.occupancy]")
		case *map[string]Group:
			sections(d, key, *into, Group{Index: gateway.NoNumber}, "group", "[groups.ahu-3]")
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

// setting puts a key of settings into the table that has some; false if it is none.
func (d *document) setting(key toml.Key, into reflect.Value) bool {
	changes := settingsOf(into)
	s, known := settingNamed(key[len(key)-1])
	if changes == nil || !known {
		return false
	}
	name := key.String()
	d.entries[name] = entry{raw: d.entries[name].raw, show: showValue}
	change, bad := s.read(d.value(key))
	for _, f := range bad {
		d.refuse(key, f)
	}
	if len(bad) == 0 {
		*changes = append(*changes, change)
	}
	return true
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

// sections reads the sections below a key, one for each thing; blank is one that says nothing.
func sections[K ~string, T any](d *document, key toml.Key, into map[K]T, blank T, thing, example string) {
	values, ok := d.below(key)
	if !ok {
		d.refuse(key, fault{
			message: "must be sections, one for each " + thing,
			hint:    "write " + example + " on a line of its own, and its keys on the lines below",
		})
		return
	}
	for name, raw := range values {
		section := blank
		key := slices.Concat(key, toml.Key{name})
		d.entries[key.String()] = entry{raw: raw}
		d.section(key, reflect.ValueOf(&section).Elem())
		into[K(name)] = section
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
	if p.Hint == "" {
		p.Hint = leaveOut(key.String())
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
