// Package supervision has the gateway look after itself: every ten seconds each part is asked, as others would ask it.
//
//	part ──asked──► judgement: heard │ unheard ×3 = stuck: alarm, metric │ unheard ×12 = given up: an error
//
// A [Supervisor] that gives a part up returns an error, which ends the program so that whoever manages it starts it anew.
// It does so only where that may help:
//
//   - of parts that are [Part.Vital], and have answered since the start. What keeps the gateway from its own ports for
//     good, as a firewall does, would otherwise have it start again and again;
//   - it counts questions, not time. What was asked while the machine was suspended, the program stopped for a debugger or
//     the processor too busy for it is not counted; a clock that is set does not matter at all.
//
// What a part does not answer for reasons of others is for its [Part.Ask] to know: a full table of connections, a disk or
// a broker that hangs are no faults of the part.
package supervision
