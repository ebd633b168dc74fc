package modbus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"butlr-gateway/gateway"
)

// Survey is what the header of one of its units says of a gateway.
type Survey struct {
	Schema int        // version of the map; what follows is of version 1
	Map    MapOptions // with UnitID 0 where the unit that was asked, 0 or 255, does not tell
	Index  int        // which block unit was asked, or that of the column unit; the base unit is 0
	Assets int        // on this unit
}

// Known tells whether this program knows what such a gateway's registers mean.
func (s *Survey) Known() bool { return s.Schema == SchemaVersion }

// ErrNoGateway says that a device answers, but not as a gateway does.
var ErrNoGateway = errors.New("the device is no butlr-gateway: its registers 0 and 1 do not read BGW1")

// Survey reads the header of the client's unit. The word order is high word first, unless the gateway's
// clock is about right only the other way.
func (c *Client) Survey(now time.Time) (Survey, error) {
	words, err := c.Registers(Input, 0, headerLength)
	switch {
	case err != nil && refusedWith(err) != 0 && refusedWith(err) != gatewayPathUnavailable:
		return Survey{}, ErrNoGateway
	case err != nil:
		return Survey{}, err
	case characters(words[:2]) != magic:
		return Survey{}, ErrNoGateway
	}
	s := Survey{Schema: int(words[2]), Index: int(words[22]), Assets: int(words[23])}
	if !near(words[6], words[7], now) && near(words[7], words[6], now) {
		s.Map.WordOrder = LowWordFirst
	}
	base := int(c.options.Unit) - s.Index
	if base > columnUnits {
		base -= columnUnits
	}
	if base >= 1 && base <= maxUnitID {
		s.Map.UnitID = uint8(base)
	}
	return s, nil
}

// near tells whether two words are a UNIX time less than a year from now.
func near(high, low uint16, now time.Time) bool {
	const year = 365 * 24 * time.Hour
	return time.Unix(int64(high)<<16|int64(low), 0).Sub(now).Abs() < year
}

// Ask makes the client ask another unit from now on.
func (c *Client) Ask(unit uint8) { c.options.Unit, c.handler.SlaveId = unit, unit }

// Names reads what some assets are called, from a number on: "" of a number that no asset has. They are
// those that lie on one unit, fewer than count at its end. The client goes on asking its unit.
func (c *Client) Names(o MapOptions, first gateway.Number, count int) ([]string, error) {
	if o.UnitID == 0 || first >= Capacity {
		return nil, fmt.Errorf("reading names from number %d on: it is not known on which unit they are", first)
	}
	n := int(first % unitAssets)
	count = min(count, unitAssets-n)
	const words = nameLength / 2
	registers, err := c.onColumns(o, int(first/unitAssets), uint16(nameAddress+words*n), words*count)
	if err != nil {
		return nil, err
	}
	names := make([]string, count)
	for k := range names {
		if name := registers[words*k : words*(k+1)]; name[0] != unknown16 {
			names[k] = characters(name)
		}
	}
	return names, nil
}

// onColumns reads registers of a column unit.
func (c *Client) onColumns(o MapOptions, index int, address uint16, count int) ([]uint16, error) {
	c.handler.SlaveId = o.UnitID + columnUnits + uint8(index)
	defer func() { c.handler.SlaveId = c.options.Unit }()
	return c.AllRegisters(Input, address, count)
}

// Find reads what all assets are called, and returns the numbers of those that match.
func (c *Client) Find(o MapOptions, matches func(name string) bool) ([]gateway.Number, error) {
	var found []gateway.Number
	for index := range maxUnits {
		header, err := c.onColumns(o, index, 0, headerLength)
		if refusedWith(err) == gatewayPathUnavailable {
			continue
		}
		if err != nil {
			return nil, err
		}
		const some = wholeFields / (nameLength / 2) // what one request reads
		for n, left := 0, int(header[23]); n < unitAssets && left > 0; n += some {
			names, err := c.Names(o, gateway.Number(index*unitAssets+n), some)
			if err != nil {
				return nil, err
			}
			for k, name := range names {
				if name == "" {
					continue
				}
				left--
				if matches(name) {
					found = append(found, gateway.Number(index*unitAssets+n+k))
				}
			}
		}
	}
	return found, nil
}

// ShortName returns a name as the name column has it.
func ShortName(text string) string {
	var name [nameLength]byte
	copyASCII(name[:], text)
	var words [nameLength / 2]uint16
	for k := range words {
		words[k] = binary.BigEndian.Uint16(name[2*k:])
	}
	return characters(words[:])
}
