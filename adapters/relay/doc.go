// Package relay passes on what the webhook accepted to other endpoints, because Butlr sends an event type
// to one subscriber only.
//
//	webhook ──► [Relay.Forward] ──► buffer in memory ──► queue on disk ──► HTTPS   one of each for every target
//
// Forward never waits: a target that is slow, down or gone costs the webhook nothing, and other targets neither.
// A queue keeps bodies in the order in which they were accepted, across restarts, up to a limit; then the oldest
// are dropped and counted. Bodies with detections, which must not be stored, take their turn from memory.
//
// Every body reaches its target at least once: it may come twice if the gateway is killed between the target's
// answer and the note of it. Lost is what nobody could keep: what was accepted in the moments (milliseconds, as
// long as the disk answers) before the gateway was killed, what a power cut took that the system had not yet
// written, for nothing is synced for each body, and what was dropped.
package relay
