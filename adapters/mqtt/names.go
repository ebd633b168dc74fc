package mqtt

import (
	"cmp"
	"fmt"

	"butlr-gateway/gateway"
)

// groupLevel is where groups lie in the topics made of names: they are in no building.
const groupLevel = "groups"

// names gives assets topics made of their names and those of the places around them. An asset keeps its topic
// as long as its name and theirs stay; whoever comes later under a name that is taken gets its number behind
// it.
type names struct {
	mail    *mailbox
	paths   map[gateway.AssetID]string
	holders map[string]gateway.AssetID
}

func newNames(mail *mailbox) *names {
	return &names{mail: mail, paths: make(map[gateway.AssetID]string), holders: make(map[string]gateway.AssetID)}
}

// hold gives an asset a path, unless somebody has it: what was remembered before a crash may name two, one who left
// it and one who came after.
func (n *names) hold(id gateway.AssetID, path string) {
	if !n.taken(path) {
		n.paths[id], n.holders[path] = path, id
	}
}

// leave takes an asset's path from it.
func (n *names) leave(id gateway.AssetID) {
	if path, ok := n.paths[id]; ok {
		delete(n.holders, path)
		delete(n.paths, id)
	}
}

// path returns an asset's path, from the site inwards.
func (n *names) path(a *gateway.Asset) string {
	around, own := n.around(a), cmp.Or(slug(a.Label()), a.Kind.String())
	has := n.paths[a.ID]
	before, level, _ := cutLast(has)
	if level == own || level == numbered(own, a.Number) {
		if before+"/" == around || before == "" && around == "" {
			return has
		}
		own = level // something around it has another name
	}
	n.leave(a.ID)
	free := around + own
	if free == groupLevel || n.taken(free) {
		free = numbered(free, a.Number)
	}
	for n.taken(free) { // somebody's name ends with this number
		free += "-"
	}
	n.hold(a.ID, free)
	return free
}

func (n *names) taken(path string) bool {
	_, taken := n.holders[path]
	return taken
}

func numbered(path string, number gateway.Number) string { return fmt.Sprintf("%s-%d", path, number) }

// around returns the path of what is around an asset, with a slash at its end. What it lies in may have been
// renamed a moment ago.
func (n *names) around(a *gateway.Asset) string {
	if a.Kind == gateway.Group {
		return groupLevel + "/"
	}
	parent := n.mail.asset(a.Parent)
	if parent == nil || parent.Kind >= a.Kind { // never, but a circle would have no end
		return ""
	}
	return n.path(parent) + "/"
}
