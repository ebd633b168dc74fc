package modbus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"butlr-gateway/gateway"
)

// Commander puts what a controller commands in force; *[gateway.Hub] is one. Both return when it would
// survive a power cut. An error says that nothing changed: gateway.ErrBusy and the context's that the
// controller may try again, gateway.ErrNotStored and gateway.ErrStopped that it could not be stored, any
// other why it may not be.
type Commander interface {
	Force(ctx context.Context, id gateway.AssetID, o gateway.Override) (gateway.Override, error)
	Release(ctx context.Context, id gateway.AssetID, target gateway.Target, all bool, by gateway.Source, author string) ([]gateway.Override, error)
}

// WriteOptions say who may write, and what becomes of it.
type WriteOptions struct {
	Allow     []netip.Prefix // clients over a network that may
	Roles     []string       // if there are some, they must also have a certificate with one of these
	Serial    bool           // the master of the serial line may
	Expiry    time.Duration  // how long a command is in force that is not renewed; 0 is 15 minutes
	Watchdog  time.Duration  // without a write to register 24 for so long there is an alarm; 0 is never
	Commander Commander      // must not be nil
}

// DefaultExpiry is that of WriteOptions.
const DefaultExpiry = 15 * time.Minute

// patience is how long a command may take to be stored: a controller waits for no answer much longer.
const patience = 2 * time.Second

func (o *WriteOptions) check() error {
	switch {
	case o.Commander == nil:
		return errors.New("checking who may write: commands need somebody who puts them in force")
	case o.Expiry < 0 || o.Expiry > gateway.LongestOverride:
		return fmt.Errorf("checking who may write: commands can be in force for %v at most, not %v", gateway.LongestOverride, o.Expiry)
	case o.Watchdog < 0:
		return errors.New("checking who may write: the watchdog cannot wait less than no time")
	case slices.Contains(o.Roles, ""):
		return errors.New("checking who may write: a role without a name")
	}
	for _, p := range o.Allow {
		if !p.IsValid() {
			return errors.New("checking who may write: an empty range of addresses")
		}
	}
	return nil
}

// writes carries out what is written. It is never altered: other options make another one.
type writes struct {
	options WriteOptions
	image   *Image
}

// newWrites checks who may write; nil lets nobody.
func newWrites(o *WriteOptions, image *Image) (*writes, error) {
	if o == nil {
		return nil, nil
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	w := &writes{*o, image}
	w.options.Expiry = orDefault(o.Expiry, DefaultExpiry)
	return w, nil
}

// allows tells whether a client may write at all.
func (w *writes) allows(p *peer, from role) bool {
	switch {
	case w == nil:
		return false
	case p.serial:
		return w.options.Serial
	}
	return contains(w.options.Allow, p.address) && (len(w.options.Roles) == 0 || slices.Contains(w.options.Roles, string(from)))
}

// writing is a request to write, after its form was found right.
type writing struct {
	address, count  int
	values          []byte // one or more registers
	and, or         uint16 // of a mask
	mask            bool
	readFrom, reads int // what is to be read then
}

// The most that one request may write (V1.1b3, sections 6.12 and 6.17).
const (
	maxWritten          = 123
	maxWrittenWithRead  = 121
	commandOffset       = blockLength - 1 // of the command in a block
	watchdogRegister    = 24
	commandAutomatic    = 0
	commandVacant       = 1
	commandOccupied     = 2
	highestCommand      = commandOccupied
	wordBytes           = 2
	singleRequest       = 5  // bytes of function 6
	maskRequest         = 7  // bytes of function 22
	registersRequest    = 6  // bytes of function 16 before the values
	readWritingRequest  = 10 // bytes of function 23 before the values
	answerOfWrittenSpan = 5  // bytes of function 16 that are its answer
)

// parseWrite checks the form of a request: quantities, lengths and byte counts.
func parseWrite(pdu []byte) (r writing, ok bool) {
	word := func(at int) int { return int(binary.BigEndian.Uint16(pdu[at:])) }
	counted := func(header, count, most int) bool {
		return count >= 1 && count <= most && int(pdu[header-1]) == wordBytes*count && len(pdu) == header+wordBytes*count
	}
	switch function := pdu[0]; {
	case function == writeSingleRegister && len(pdu) == singleRequest:
		return writing{address: word(1), count: 1, values: pdu[3:]}, true
	case function == maskWriteRegister && len(pdu) == maskRequest:
		return writing{address: word(1), count: 1, mask: true, and: uint16(word(3)), or: uint16(word(5))}, true
	case function == writeRegisters && len(pdu) >= registersRequest:
		r = writing{address: word(1), count: word(3), values: pdu[registersRequest:]}
		return r, counted(registersRequest, r.count, maxWritten)
	case function == readWriteRegisters && len(pdu) >= readWritingRequest:
		r = writing{readFrom: word(1), reads: word(3), address: word(5), count: word(7), values: pdu[readWritingRequest:]}
		return r, r.reads >= 1 && r.reads <= maxRegisters && counted(readWritingRequest, r.count, maxWrittenWithRead)
	}
	return r, false
}

// value returns what a register that holds a value is to hold.
func (r *writing) value(holds uint16) uint16 {
	if r.mask {
		return holds&r.and | r.or&^r.and // V1.1b3, section 6.16
	}
	return binary.BigEndian.Uint16(r.values)
}

// write answers the functions 6, 16, 22 and 23. Register 24 can be written, and the command of each block
// alone: a span with anything else in it is refused, and nothing of it is written.
func (c *core) write(by *writes, unit byte, block int, pdu, out []byte) ([]byte, exception) {
	r, ok := parseWrite(pdu)
	if !ok {
		return out, illegalDataValue
	}
	read := pdu[0] == readWriteRegisters
	if read {
		if r.readFrom+r.reads > maxAddress {
			return out, illegalDataAddress
		}
		if _, ok := c.image.readRegisters(out, block, r.readFrom, r.reads, c.options); !ok {
			return out, illegalDataAddress // before anything is written
		}
	}
	if refused := c.carryOut(by, unit, block, &r); refused != 0 {
		return out, refused
	}
	c.peer.wrote()
	switch {
	case pdu[0] == writeRegisters:
		return append(out, pdu[:answerOfWrittenSpan]...), 0
	case !read:
		return append(out, pdu...), 0
	}
	c.peer.read(unit, Holding, r.readFrom, r.reads)
	out, _ = c.image.readRegisters(append(out, readWriteRegisters, byte(wordBytes*r.reads)), block, r.readFrom, r.reads, c.options)
	return out, 0
}

// carryOut writes what may be written.
func (c *core) carryOut(by *writes, unit byte, block int, r *writing) exception {
	if r.count != 1 {
		return illegalDataAddress
	}
	if r.address == watchdogRegister {
		dog := &c.image.watchdog
		dog.write(block, r.value(dog.value(block)), c.image.options.Clock(), c.peer.name)
		return 0
	}
	asset, holds, ok := c.image.commanded(block, r.address)
	if !ok {
		return illegalDataAddress
	}
	command := r.value(holds)
	if command > highestCommand {
		return illegalDataValue
	}
	return by.order(asset, holds, command, c.peer, fmt.Sprintf("register %d of unit %d", r.address, unit))
}

// commanded returns the asset whose command lies at an address of a unit, and what the command is now; ok is
// false where none does that is in service.
func (i *Image) commanded(unit, address int) (id gateway.AssetID, holds uint16, ok bool) {
	n, offset := (address-headerLength)/blockLength, (address-headerLength)%blockLength
	if unit >= maxUnits || address < headerLength || offset != commandOffset {
		return "", 0, false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	u := i.unit(unit)
	if u == nil || n >= unitAssets {
		return "", 0, false
	}
	b, n := u.bank(n/bankAssets), n%bankAssets
	if b.assets[n] == nil || b.outOfService>>n&1 == 1 {
		return "", 0, false
	}
	return b.assets[n].ID, b.register(n, commandOffset), true
}

// order puts a command in force, or ends it. One that is in force is renewed.
func (w *writes) order(asset gateway.AssetID, holds, command uint16, by *peer, where string) exception {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	switch {
	case command != commandAutomatic:
		o := gateway.Override{
			Target: gateway.TargetOutputs, Source: gateway.FromController, Author: by.name, Reason: where,
			Value: int(command - commandVacant), Until: w.image.time().Add(w.options.Expiry),
		}
		_, err = w.options.Commander.Force(ctx, asset, o)
	case holds != commandAutomatic: // else there is nothing of a controller's to end
		_, err = w.options.Commander.Release(ctx, asset, gateway.TargetOutputs, false, gateway.FromController, by.name)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, gateway.ErrNotStored), errors.Is(err, gateway.ErrStopped):
		return deviceFailure
	}
	return deviceBusy // somebody's override goes first, or too much waits: it may be tried again
}

// broadcast obeys a request to every unit of a serial line, which nobody answers: only register 24 can be
// written so.
func (c *core) broadcast(units []byte, pdu []byte) {
	c.bus.ignored(true)
	if !c.writes.Load().allows(c.peer, "") {
		return
	}
	r, ok := parseWrite(pdu)
	if !ok || r.address != watchdogRegister || r.count != 1 || pdu[0] == readWriteRegisters {
		return
	}
	for _, unit := range units {
		if block, ok := c.serves(unit); ok {
			dog := &c.image.watchdog
			dog.write(block, r.value(dog.value(block)), c.image.options.Clock(), c.peer.name)
		}
	}
}
