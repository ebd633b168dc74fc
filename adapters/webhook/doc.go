// Package webhook takes what Butlr posts.
//
//	POST ──► path, method ──► secret ──► size ──► Decode ──► Ingester ──► 204
//	          404, 405       401, 429   413, 415    400        503
//
// [Decode] turns a body into the domain's events and [Encode] is its inverse: the names that Butlr
// gives to things end here. [Server] is the listener. It answers 204 only after the [Ingester] has
// returned, so a sender that is told "no content" knows that what its events changed is kept.
//
// Decode is strict about JSON, because what two parsers read differently cannot be trusted, and
// tolerant of content: Butlr may add keys and event types at any time. Content that is well-formed
// but cannot be an event is marked with [gateway.Event.Defect] and passed on, because the sender
// cannot mend it by sending it again, and somebody should be able to see it.
package webhook
