// Package butlr asks Butlr's own API: who is subscribed to the events, and what there is in the buildings.
//
//	Client ──► pace ──► token ──► POST GraphQL ──► errors ──► answer
//	  ▲          │        ▲            │
//	  └── again ─┴────────┴── 401, 429, 5xx, no answer
//
// [Client] knows how to ask: it logs in, renews the token before it ends, never asks more often than it may,
// and asks again with bounds. [Subscription] is one of Butlr's webhooks, [Wish] what the gateway wants of them,
// and a [Plan] what lies between the two; [Watch] looks daily whether anything does. [HealthPoll] asks how the sensors
// are. [Client.Report] asks for what was counted in every minute: [Reconcile] after a gap, [Poll] all the time, where
// nothing is sent.
//
// What the API answers is somebody else's: errors inside an answer that says OK, halves of answers, nulls and
// words that nobody documented are all taken for what they are. It also answers with the secrets of every
// subscriber. They are only ever a [Secret], and no error, log line or text of this package shows one.
package butlr
