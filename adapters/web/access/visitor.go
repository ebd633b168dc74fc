// Package access knows who asks for a page, and what they may do.
//
//	request ──► Gate: host, origin ──► session, HTTP Basic or nothing ──► Visitor ──► Require(role) ──► page
//
// A [Gate] stands before every page that the network reaches. It refuses what a page from elsewhere had a
// browser send, finds out who asks, and sends strangers to its login page. Whoever serves a page asks
// [Of] for the [Visitor], or has [Operators] let only those through who may change something.
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
	Role    Role
	Name    string // as they gave it, for the audit, at most 64 bytes: it proves nothing; "" if they gave none
	Session bool   // they came in by the login page, and can log out
}

type (
	visitorKey struct{}
	gateKey    struct{}
)

// With returns a context in which v asks.
func With(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// Of returns who asks: a stranger, unless somebody said otherwise.
func Of(ctx context.Context) Visitor {
	v, _ := ctx.Value(visitorKey{}).(Visitor)
	return v
}

// CanLogIn tells whether there is a password with which whoever asks may become an operator: whether a page
// is to show the way to the login page.
func CanLogIn(ctx context.Context) bool {
	g, ok := ctx.Value(gateKey{}).(*Gate)
	return ok && g.keys.Load().passwords.operates() && Of(ctx).Role < Operator
}
