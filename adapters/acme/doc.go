// Package acme keeps a certificate that an authority such as Let's Encrypt issues by the ACME protocol (RFC 8555).
//
//	listener ──► Keeper.Certificate ──► the certificate that is kept
//	                     ▲
//	autocert ────────────┘  orders the first one, renews it in the last third of its life
//	    │
//	authority ──► the internet: each request ends when the gateway does, each refusal is remembered in words
//
// The authority proves that the domain is the gateway's by coming to it: to port 443 of the domain with a TLS handshake
// that only the one who ordered can answer (TLS-ALPN-01, RFC 8737), or to port 80 over HTTP (HTTP-01). A handshake never
// makes the gateway order something: that is for [Keeper.Run] alone, at a pace that no authority minds.
package acme
