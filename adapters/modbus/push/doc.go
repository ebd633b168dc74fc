// Package push writes readings to controllers that cannot poll.
//
//	Hub ──Publish──► subjects ──► points ──► line ──► link ──► controller
//	                 newest       what to    one      one
//	                 news of      write,     goroutine connection
//	                 each asset   and when
//
// A [Pusher] is a [gateway.Sink]. Publish keeps the newest reading of what is pushed and returns: a dead
// controller costs the memory of its points, however long it is dead, and the newest value wins.
//
// A line is one way to controllers: a TCP connection or a serial port, with one goroutine. Targets that
// share it take turns on it. A [Target] is one unit on a line, a point one register or coil of it. A point
// is written when its value changes, and again every so often, because controllers fall back to their own
// schedule when nobody writes.
//
// A link does one request at a time. It closes on any error but a Modbus exception, so that nothing of a
// failed request is left for the next; an answer that comes late is never taken for that of another
// request. A target that does not answer is asked again after a pause that grows, and told everything anew
// once it answers.
package push
