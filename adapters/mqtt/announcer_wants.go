package mqtt

import "time"

// want has a device announced as soon as it may be.
func (a *announcer) want(d *announced, now time.Time) {
	at := now
	if own := d.said.Add(repeatAfter); at.Before(own) {
		at = own
	}
	a.due.set(d, at)
}

// wantAll has everything announced again, whatever the broker was told, and what lies forgotten. What lies in
// another device waits for that: what was said of it last may have been lost.
func (a *announcer) wantAll(now time.Time) {
	a.lying, a.batch, a.swept = nil, nil, false
	clear(a.settling)
	a.due.empty()
	if a.self == nil {
		return
	}
	a.self.digest, a.self.stands = 0, false
	a.want(a.self, now)
	for _, d := range a.assets {
		d.digest, d.stands = 0, false
		a.due.set(d, a.earliest(d, now))
	}
}

// earliest returns when a device may be announced again, with all that it lies in.
func (a *announcer) earliest(d *announced, now time.Time) time.Time {
	at := now
	if own := d.said.Add(repeatAfter); at.Before(own) {
		at = own
	}
	if d.self {
		return at
	}
	if outside := a.earliest(a.around(d), now); at.Before(outside) {
		at = outside
	}
	return at
}

// sweep has taken back what is remembered and nobody wants. It is called when every asset was noticed.
func (a *announcer) sweep(now time.Time) {
	a.swept = true
	wanted := make(map[string]bool, len(a.assets)+1)
	if a.self != nil {
		wanted[a.self.node] = true
	}
	for _, d := range a.assets {
		wanted[d.node] = true
	}
	for node := range a.nodes {
		if !wanted[node] {
			a.want(&announced{node: node, gone: true}, now)
		}
	}
}

// moveChildren has announced anew what lies in a device that has come or gone.
func (a *announcer) moveChildren(d *announced, now time.Time) {
	if d.self {
		for _, c := range a.assets {
			a.wantAgain(c, now)
		}
		return
	}
	for _, c := range a.children[d.asset.ID] {
		a.wantAgain(c, now)
	}
}

// wantAgain has a device announced that was announced already.
func (a *announcer) wantAgain(d *announced, now time.Time) {
	if d.digest != 0 {
		a.want(d, now)
	}
}
