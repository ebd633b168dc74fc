// Package capture records what the webhook accepted, for a while that somebody asked for, so that it can be posted
// again elsewhere.
//
// A recording is a file of lines, each a JSON object with the moment of arrival in Unix milliseconds and the body:
//
//	{"arrived":1773151512340,"body":{"id":"event_…","type":"ROOM_OCCUPANCY",…}}
//
// The sender's secrets are in no body, and where sensors saw people is left out. A recording ends by itself, and is
// bounded: nobody needs to remember it.
package capture
