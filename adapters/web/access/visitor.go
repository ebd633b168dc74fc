// Package access knows who asks for a page, and what they may do.
package access

import "context"

// Role is what a visitor may do.
type Role uint8

// The roles. Each may do what those before it may.
const (
	Stranger Role = iota // nothing but log in
	Viewer               // look at everything
	Operator             // force, release, import, and walk a building
)

var roleNames = [...]string{"stranger", "viewer", "operator"}

// String returns the role's name.
func (r Role) String() string { return roleNames[r] }

// Visitor is whoever asks.
type Visitor struct {
	Role Role
	Name string // as they gave it, for the audit: it proves nothing; "" if they gave none
}

type key struct{}

// With returns a context in which v asks.
func With(ctx context.Context, v Visitor) context.Context { return context.WithValue(ctx, key{}, v) }

// Of returns who asks: a stranger, unless somebody said otherwise.
func Of(ctx context.Context) Visitor {
	v, _ := ctx.Value(key{}).(Visitor)
	return v
}
