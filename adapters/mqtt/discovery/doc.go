// Package discovery says to Home Assistant, and to whoever else understands its MQTT discovery, what there
// is to be seen of a gateway.
//
//	asset, measures ──► Device ──► Steps ──► messages
//	                                 ▲
//	                    Told: what the broker keeps of it already
//
// A [Device] is one asset, or the gateway itself; its entities are what can be seen or set of it. [Told] is
// what a broker keeps of a device in one place, and must be remembered over a restart: only so can what
// nobody wants any more be taken back. [Gateway.Steps] leads from the one to the other.
//
// Home Assistant refuses a whole document for one key that it does not know, so that documents hold no key
// that its version of 2024.12 did not know. Everything here is a pure function.
package discovery
