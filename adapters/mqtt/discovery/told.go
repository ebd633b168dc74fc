package discovery

import (
	"cmp"
	"slices"
	"strings"

	"butlr-gateway/adapters/mqtt/internal/level"
)

// Told is what a broker may keep of one device in one place.
type Told struct {
	Place
	Node  string
	Names []Name // of its entities; never empty
}

// Key and Value are how it is remembered: "homeassistant device bgw_1a2b3c4d_room_1" and
// "binary_sensor/occupied sensor/people". No prefix, form, node, platform or key has a blank in it.
func (t *Told) Key() string { return t.Prefix + " " + t.Form.String() + " " + t.Node }

// Value returns the names, in order.
func (t *Told) Value() string {
	words := make([]string, len(t.Names))
	for i, n := range t.Names {
		words[i] = n.String()
	}
	return strings.Join(words, " ")
}

// ParseTold is the reverse of Key and Value; ok tells whether they are of that form.
func ParseTold(key, value string) (t Told, ok bool) {
	parts := strings.Split(key, " ")
	if len(parts) != 3 || parts[0] == "" {
		return t, false
	}
	form := Form(slices.Index(formNames[:], parts[1]))
	if parts[1] != Devices.String() && parts[1] != Components.String() || !isName(parts[2]) {
		return t, false
	}
	t = Told{Place: Place{parts[0], form}, Node: parts[2]}
	for word := range strings.SplitSeq(value, " ") {
		platform, key, _ := strings.Cut(word, "/")
		if !level.Is(platform) || !level.Is(key) {
			return t, false
		}
		t.Names = append(t.Names, Name{platform, key})
	}
	return t, true
}

// isName tells whether a text can be a node: it may be longer than a level.
func isName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r > 0x7f || !level.IsByte(byte(r)) }) < 0
}

// topics returns where the broker keeps it.
func (t *Told) topics() []string {
	if t.Form == Devices {
		return []string{t.deviceTopic()}
	}
	topics := make([]string, len(t.Names))
	for i, n := range t.Names {
		topics[i] = t.entityTopic(n)
	}
	return topics
}

func (t *Told) deviceTopic() string { return t.Prefix + "/device/" + t.Node + "/config" }

func (t *Told) entityTopic(n Name) string {
	return t.Prefix + "/" + n.Platform + "/" + t.Node + "/" + n.Key + "/config"
}

// sorted returns names in the order in which they are remembered, each once.
func sorted(names []Name) []Name {
	names = slices.Clone(names)
	slices.SortFunc(names, func(a, b Name) int {
		return cmp.Or(cmp.Compare(a.Platform, b.Platform), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(names)
}
