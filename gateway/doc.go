// Package gateway turns what Butlr's sensors report into values that a building can read.
//
//	Event ──► Hub ──► State ──► Journal       durable before anybody is answered
//	                    │
//	                    └──► Update ──► Sink   every adapter that shows readings
//
// An [Event] is what Butlr said. An [Asset] is a place or a sensor that it was said about. A [Measure]
// is one quantity of an asset, a [Point] is both together: the thing a building controller reads.
// A [Reading] is what the building should believe about a point: a value, the time it was sensed,
// and a [Quality] that says how far to trust it.
//
// [State] holds the rules and is pure: no I/O, no clock of its own, time enters as an [Instant].
// [Hub] owns a State in one goroutine. It takes every event that waits, applies them as one batch,
// has the [Journal] make the batch durable, hands the changed readings to each [Sink], and only then
// releases the senders. So whoever is told "accepted" knows: what these events changed is on disk,
// and readable.
//
// The package knows no protocol and no file. Adapters translate; they import this package and never
// each other.
package gateway
