// Package modbus shows readings to building controllers as Modbus registers and discrete inputs.
//
//	gateway.Update ──► Image ──► core (one request, one answer) ──► listener (TCP, TLS, RTU over TCP)
//	                   registers   function codes, exceptions    └─► line (RTU)
//	                      ▲                │                         framing, limits
//	                      └── Commander ◄──┘ commands
//
// An [Image] holds the registers of every asset and is a [gateway.Sink]. Where an asset lies follows
// from its number alone: see [MapOptions.Locate]. What is promised to a controls engineer, the header,
// the block of 16 registers that every asset has, and the columns for who polls hundreds of them, stands in
// a few tables: headerFields, blockFields, statusBits, columns and bitColumns. Serving, [Points], [Decode] and
// docs/registers.md are all derived from them; nothing else knows an address.
//
// Values that age (the age itself, the off-delay that remains, heartbeat, clock and uptime) are worked
// out when they are read, so an answer is never older than its request. Ages go by the state's time, which
// is not that of an untrusted clock. One request reads one state, and waits for nobody: an answer that was
// copied while an update came is copied again.
//
// A [Server] serves any transports together, and each request through the same handlePDU. Holding registers
// mirror input registers and coils mirror discrete inputs, because many masters can read only one of each.
// Where [WriteOptions] say so, two things can be written: the command of an asset, which a [Commander] puts
// in force before it is answered, and the watchdog of each unit.
package modbus
