package modbus

import (
	"fmt"

	"butlr-gateway/adapters/modbus/rtu"
)

// units are the unit ids that are ours on a line that others use too.
type units struct {
	ids  []byte // the base unit first
	mine [256]bool
}

// newUnits returns the base unit and others.
func newUnits(o MapOptions, others []uint8) (*units, error) {
	u := new(units)
	for _, id := range append([]uint8{o.UnitID}, others...) {
		if id < o.UnitID || int(id) >= int(o.UnitID)+unitSpan || id > lastUnit {
			return nil, fmt.Errorf("checking the unit ids of a line: %d can be no unit of ours", id)
		}
		if !u.mine[id] {
			u.mine[id] = true
			u.ids = append(u.ids, id)
		}
	}
	return u, nil
}

const (
	lastUnit = 247          // that a line has (MODBUS over Serial Line V1.02, section 2.2)
	unitSpan = 2 * maxUnits // ids that can be ours: those of blocks, and as many of columns
)

func (u *units) has(id byte) bool { return u.mine[id] }

// respondRTU appends to out the answers to the requests that a framer found, each a frame. It returns where
// the last of them begins, and how many frames there were of anybody.
func (c *core) respondRTU(f *rtu.Framer, u *units, paused bool, out []byte) (answers []byte, last, frames int) {
	last = len(out)
	ours := 0
	for {
		r, ok := f.Next(paused)
		if !ok {
			break
		}
		ours++
		if r.Unit == rtu.Broadcast {
			c.broadcast(u.ids, r.PDU)
			continue
		}
		if _, ok := c.serves(r.Unit); !ok || r.PDU[0]&exceptionBit != 0 {
			c.bus.ignored(ok) // not a unit yet, or what only a unit may say
			continue
		}
		last = len(out)
		out = c.handlePDU(r.Unit, c.peer.role, r.PDU, append(out, r.Unit))
		out = append(out[:last], rtu.AppendChecksum(out[last:])...)
	}
	frames = f.Counts.Frames
	c.bus.overheard(frames-ours, f.Counts.Broken)
	f.Counts = rtu.Counts{}
	return out, last, frames
}
