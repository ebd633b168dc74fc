// Package web shows people what the gateway believes, a status page, health checks and metrics, and lets
// those on the machine change what they may.
//
//	gateway.Update ──► Board ──► Server (page, metrics)        on the address of [web] listen
//	                   readings  Control (status, Desk)        on a socket in the state directory
//
// A [Board] keeps the newest readings of every asset and is a [gateway.Sink]. What the page shows of
// other adapters, such as where a register is, it is told by functions in [Options]. The control socket
// serves the same status to the program's own commands, also when the page is off; and the [Desk], which
// explains every answer, and carries out orders. Whoever may open the socket may give them: there is no way
// to the desk from the network.
package web
