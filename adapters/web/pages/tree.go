package pages

import (
	"cmp"
	"slices"
	"strings"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// branch is an asset where it stands in the tree of places.
type branch struct {
	*web.Entry
	Level int // how many places are around it
}

// inTree orders assets from each site inwards, and the groups, which lie in no place, after them. What is within
// a place that there is not stands by itself.
func inTree(entries []web.Entry) []branch {
	children := make(map[gateway.AssetID][]*web.Entry)
	there := make(map[gateway.AssetID]bool, len(entries))
	for i := range entries {
		there[entries[i].Asset.ID] = true
	}
	for i := range entries {
		e := &entries[i]
		parent := e.Asset.Parent
		if !there[parent] || parent == e.Asset.ID || e.Asset.Kind == gateway.Group {
			parent = ""
		}
		children[parent] = append(children[parent], e)
	}
	for _, list := range children {
		inOrder(list)
	}
	out := make([]branch, 0, len(entries))
	shown := make(map[gateway.AssetID]bool, len(entries))
	var grow func(list []*web.Entry, level int)
	grow = func(list []*web.Entry, level int) {
		for _, e := range list {
			if !shown[e.Asset.ID] {
				shown[e.Asset.ID] = true
				out = append(out, branch{e, level})
				grow(children[e.Asset.ID], level+1)
			}
		}
	}
	grow(children[""], 0)
	for i := range entries { // places that are said to lie in each other
		grow([]*web.Entry{&entries[i]}, 0)
	}
	return out
}

// inOrder sorts what lies in one place: the larger kinds first, and then by name.
func inOrder(list []*web.Entry) {
	names := make(map[*web.Entry]string, len(list))
	for _, e := range list {
		names[e] = strings.ToLower(e.Asset.Label())
	}
	slices.SortFunc(list, func(a, b *web.Entry) int {
		return cmp.Or(cmp.Compare(a.Asset.Kind, b.Asset.Kind), natural(names[a], names[b]), cmp.Compare(a.Asset.Number, b.Asset.Number))
	})
}

// natural compares names in lower case as people order them: room 9 comes before room 10.
func natural(a, b string) int {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			na, nb := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if c := cmp.Or(cmp.Compare(len(na), len(nb)), cmp.Compare(na, nb)); c != 0 {
				return c
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits counts the digits at the beginning.
func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
