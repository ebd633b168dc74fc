// Package web shows people what the gateway believes: a status page, health checks and metrics.
//
//	gateway.Update ──► Board ──► Server (page, metrics)        on the address of [web] listen
//	                   readings  Control (status)              on a socket in the state directory
//
// A [Board] keeps the newest readings of every asset and is a [gateway.Sink]. What the page shows of
// other adapters, such as where a register is, it is told by functions in [Options]. The control socket
// serves the same status to the program's own commands, also when the page is off.
package web
