// Package web shows people what the gateway believes, a status page, health checks and metrics, and lets
// those on the machine change what they may.
//
//	gateway.Update ──► Board ──► Server (page, API, metrics)   on the address of [web] listen
//	                   readings  Control (status, Desk)        on a socket in the state directory
//
// A [Board] keeps the newest readings of every asset and is a [gateway.Sink]. The API has them as rows, tells what
// changes of them to whoever listens, and keeps [Walks]; docs/api.md is for who uses it. What is shown of other
// adapters, such as where a register is, it is told by functions in [Options]. The [Desk] explains every answer
// and carries out orders: on the page those of operators, whom access knows; on the control socket, which serves
// the program's own commands also when the page is off, those of whoever may open it.
package web
