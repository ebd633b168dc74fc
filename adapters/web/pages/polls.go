package pages

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"butlr-gateway/adapters/web"
)

// pollsPage is the content of the page about who polls and who is told.
type pollsPage struct {
	Clients []client
	Brokers []web.Broker
	Push    []web.PushTarget
	Modbus  bool // anything is on Modbus
}

// client is a controller with what it reads.
type client struct {
	web.ModbusClient
	Over  string
	Polls []poll
}

// poll is a range with what it means.
type poll struct {
	web.ModbusPoll
	First, Last *crumb // the assets whose blocks it touches, nil for none
	Header      bool   // it reads of the unit itself
	Column      string // which value of them, if they are read side by side
	Assets      int
}

func (p *Pages) servePolls(w http.ResponseWriter, r *http.Request) {
	f := p.frame(r, "/polls", "Who polls")
	blocks := p.blocks()
	page := &pollsPage{Modbus: len(blocks) > 0, Push: p.Reporter.Push()}
	if p.Sources.Brokers != nil {
		page.Brokers = p.Sources.Brokers()
	}
	for _, c := range p.Reporter.Clients() {
		shown := client{ModbusClient: c, Over: strings.ReplaceAll(c.Transport, "_", " ")}
		for _, poll := range c.Polls {
			shown.Polls = append(shown.Polls, meaning(poll, blocks))
		}
		page.Clients = append(page.Clients, shown)
	}
	f.Content, f.Scripts = page, []string{"again.js"}
	p.show(w, http.StatusOK, "polls", f)
}

// block is where an asset is read.
type block struct {
	unit, address int
	entry         *web.Entry
}

// How the map is laid out; see docs/registers.md.
const (
	headerLength = 100
	blockLength  = 16
	columnLength = 4096 // addresses; the column of names has eight for each asset
	columnUnits  = 100  // unit ids between the blocks of assets and their columns
)

// What is in the columns, the first of which is behind the unit's header. The last of registers are names.
var (
	wordColumns = []string{"occupied", "people", "quality", "age", "status", "coverage", "name"}
	bitColumns  = []string{"hvac", "lighting", "ventilation", "motion", "good"}
)

// blocks lists where all assets are read, in the order of addresses.
func (p *Pages) blocks() (out []block) {
	entries := p.Board.All(p.Clock())
	for i := range entries {
		if at, ok := p.Locate(entries[i].Asset); ok {
			out = append(out, block{at.Unit, at.Address, &entries[i]})
		}
	}
	slices.SortFunc(out, func(a, b block) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.address, b.address)) })
	return out
}

// meaning tells which assets a range is about. Coils and discrete inputs lie as registers do: a block's status bits
// at its addresses.
func meaning(of web.ModbusPoll, blocks []block) poll {
	out := poll{ModbusPoll: of, Header: of.Address < headerLength}
	if len(blocks) == 0 {
		return out
	}
	unit, where := of.Unit, func(b block) (from, until int) { return b.address, b.address + blockLength }
	switch {
	case unit == 0 || unit == 255:
		unit = blocks[0].unit // both mean the base unit
	case unit >= blocks[0].unit+columnUnits:
		unit -= columnUnits
		out.Column, where = columnAt(of)
	}
	for _, b := range blocks {
		from, until := where(b)
		if b.unit != unit || until <= of.Address || from >= of.Address+of.Count {
			continue
		}
		c := crumbOf(b.entry)
		if out.First == nil {
			out.First = &c
		}
		out.Last = &c
		out.Assets++
	}
	return out
}

// columnAt tells which column a range begins in, "" for none, and where in it an asset is, given its block.
func columnAt(of web.ModbusPoll) (name string, where func(block) (from, until int)) {
	names, k := wordColumns, of.Address/columnLength-1
	if strings.Contains(of.Table, "coil") || strings.Contains(of.Table, "discrete") {
		names = bitColumns
	} else {
		k = min(k, len(names)-1)
	}
	if k < 0 || k >= len(names) {
		return "", func(block) (int, int) { return -1, -1 }
	}
	size := 1
	if names[k] == "name" {
		size = 8
	}
	return names[k], func(b block) (int, int) {
		from := (k+1)*columnLength + size*(b.address-headerLength)/blockLength
		return from, from + size
	}
}

// Rate says how often the range is read.
func (p poll) Rate() string {
	if p.Every == 0 {
		return "once so far"
	}
	return fmt.Sprintf("every %.3g s", p.Every)
}
