// Package mqtt shows readings to an MQTT broker, and can be that broker.
//
//	Hub ──Publish──► mailbox ──► sender ──► session ──► broker
//	                 newest       at most      one
//	                 snapshot     100 in       connection
//	                 per asset    flight
//
// A [Publisher] is a [gateway.Sink]. Its mailbox keeps the newest snapshot of each asset and nothing
// else, so that a dead broker costs the memory of the assets, however long it is dead. The sender turns
// snapshots into retained messages: the newest value wins, and an older one never lands after it.
//
// A session is one connection. When it ends, for whatever reason, nothing of it is carried over: on the
// next one everything is published again, and "online" last, so that nobody acts on what the broker
// kept from before.
//
// Beside the readings the broker is told, in the form that Home Assistant understands, what there is to be
// read: see package discovery. What it was told of that is remembered before it is told, in a [Memory], so
// that it can be taken back whatever happens.
//
// [Embedded] is a broker inside this process, for sites that have none.
package mqtt
