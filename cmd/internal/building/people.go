package building

import (
	"time"

	"butlr-gateway/gateway"
)

// person is somebody who works on a floor, or cleans it.
type person struct {
	home   *room
	cleans bool

	// Today's plan, in minutes since midnight.
	comes, goes, eats int

	at    *room // nil: not in the building
	part  int   // of at.zones
	until int   // minute of the day when the next thing is done
	next  int   // of a cleaner: the next room
}

// never is a minute that does not come.
const never = 1 << 20

// moving is how long into a minute people move; after it, everybody sits.
const moving = 25 * time.Second

// plan makes everybody's plan for a day.
func (b *Building) plan(day time.Weekday) {
	weekend := day == time.Saturday || day == time.Sunday
	for _, f := range b.floors {
		for i := range f.people {
			p := &f.people[i]
			p.comes, p.goes, p.eats, p.next = never, never, never, 0
			switch {
			case p.cleans:
				if !weekend {
					p.comes, p.goes = b.between(19*60, 20*60), 22*60
				}
			case weekend && b.chance(0.97), b.chance(0.25): // at home, or elsewhere
			default:
				p.comes, p.goes = b.between(7*60+15, 9*60+45), b.between(15*60+45, 18*60+30)
				if b.chance(0.7) {
					p.eats = b.between(11*60+45, 13*60)
				}
			}
			p.until = p.comes
			if p.at != nil { // who is still here at midnight goes home
				p.until, p.goes = 0, 0
			}
		}
	}
}

// stir lets a person do the next thing, if it is time.
func (b *Building) stir(f *floor, p *person) {
	local := b.minute.In(b.place)
	now := local.Hour()*60 + local.Minute()
	if now < p.until {
		return
	}
	switch {
	case now >= p.goes:
		b.move(f, p, nil)
		p.until = never
	case p.cleans:
		b.clean(f, p, now)
	case now >= p.eats:
		b.move(f, p, nil)
		p.until, p.eats = now+b.between(25, 45), never
	case p.at != p.home: // from outside, a meeting or a focus room: back to the desk
		b.move(f, p, p.home)
		p.until = now + b.between(10, 70)
	case b.chance(0.15):
		b.move(f, p, nil) // fresh air
		p.until = now + b.between(4, 12)
	default:
		if r := f.rooms[b.random.IntN(len(f.rooms))]; r.people < r.capacity {
			b.move(f, p, r)
		}
		p.until = now + 15*b.between(1, 4) - now%5
	}
}

// clean takes the cleaner to the next room.
func (b *Building) clean(f *floor, p *person, now int) {
	if p.next == len(f.rooms) {
		p.goes = now
		b.move(f, p, nil)
		p.until = never
		return
	}
	b.move(f, p, f.rooms[p.next])
	p.next++
	p.until = now + b.between(3, 6)
}

// move takes a person to a room of the floor, or out of the building with nil.
func (b *Building) move(f *floor, p *person, to *room) {
	from := p.at
	if from == to {
		return
	}
	when := b.minute.Add(time.Duration(b.random.Int64N(int64(moving-5*time.Second)/1e6)) * time.Millisecond)
	if from != nil {
		from.enter(p.part, -1)
		b.pass(from.door, when, 0, 1)
	} else {
		f.counted.people++
		b.pass(f.doors[0], when, 1, 0)
	}
	when = when.Add(5 * time.Second)
	if p.at = to; to != nil {
		p.part = b.random.IntN(2)
		to.enter(p.part, 1)
		b.pass(to.door, when, 1, 0)
		return
	}
	f.counted.people--
	b.pass(f.doors[0], when, 0, 1)
}

// enter counts n people more in the room, and in the part of it where they sit.
func (r *room) enter(part, n int) {
	r.people += n
	if len(r.zones) > 0 {
		r.zones[part].people += n
	}
}

// pass has a door tell who passed it.
func (b *Building) pass(d *door, when time.Time, in, out int) {
	if d == nil {
		return
	}
	e := gateway.Event{Type: gateway.Traffic, Subject: gateway.Sensor, At: gateway.TimestampOf(when), Path: d.path, In: in, Out: out}
	b.sendSoon(when, e)
}

// watch has a room's motion sensor tell of changes.
func (b *Building) watch(r *room) {
	if !r.pir {
		return
	}
	moves := r.motion
	switch {
	case r.people > 0:
		r.empty = 0
		if r.motion {
			moves = !b.chance(0.03 / float64(r.people)) // they read, and sit still
		} else {
			moves = r.before == 0 || b.chance(0.5)
		}
	case r.motion:
		r.empty++
		moves = r.empty <= 2
	}
	if moves == r.motion {
		return
	}
	r.motion = moves
	e := gateway.Event{Type: gateway.MotionEnded, Subject: gateway.Room, Path: r.path}
	if moves {
		e.Type = gateway.MotionStarted
	}
	when := b.minute.Add(moving + time.Duration(b.random.IntN(4000))*time.Millisecond)
	e.At = gateway.TimestampOf(when)
	b.sendSoon(when, e)
}

func (b *Building) between(low, high int) int { return low + b.random.IntN(high-low+1) }

func (b *Building) chance(p float64) bool { return b.random.Float64() < p }
