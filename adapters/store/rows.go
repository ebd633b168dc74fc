package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// The formats of a packed site: its first byte. The first had one silence, the zero one for none.
const (
	oneSilenceFormat = 1
	siteFormat       = 2
)

// sitePart stands where a feed has its number.
const sitePart = 'S'

// site packs the life of a site: a byte of format, the time before its minutes, when its feeds began, the number
// of its silences and each of them, when it was newest heard of, the newest minute and the minutes.
func (p *packer) site(s *gateway.SiteLife) []byte {
	p.begin(s.Site, sitePart)
	p.byte(siteFormat)
	p.time(s.Older)
	p.time(s.Starts[0])
	p.time(s.Starts[1])
	p.uvarint(uint64(len(s.Silences)))
	for _, silence := range s.Silences {
		p.time(silence.From)
		p.time(silence.To)
	}
	p.time(s.Newest)
	p.minute(s.Last)
	p.bytes(s.Minutes)
	return p.seal()
}

// unpackSite is the inverse of site.
func unpackSite(body []byte, site gateway.Number) (gateway.SiteLife, error) {
	s := gateway.SiteLife{Site: site}
	r := rowReader{rest: body}
	format := r.byte()
	if format != siteFormat && format != oneSilenceFormat {
		return s, errFormat
	}
	s.Older = r.time()
	s.Starts[0] = r.time()
	s.Starts[1] = r.time()
	silences := uint64(1)
	if format == siteFormat {
		silences = r.uvarint()
	}
	if silences > uint64(len(r.rest)/leastSilence) {
		return s, errShort
	}
	for range silences {
		silence := gateway.Silence{From: r.time(), To: r.time()}
		if format == siteFormat || silence != (gateway.Silence{}) {
			s.Silences = append(s.Silences, silence)
		}
	}
	s.Newest = r.time()
	s.Last = r.minute()
	if minutes := r.bytes(); len(minutes) > 0 {
		s.Minutes = append([]byte(nil), minutes...) // the row is not kept
	}
	return s, r.end()
}

// leastSilence is the length of the shortest silence in a row.
const leastSilence = 2

// The rows below are kept in columns, so that people can read them with any tool, and carry a sum beside.

// assetSum is the CRC-32C of an asset's row. A row of an older schema, in which no asset was retired or
// appended, or which no inventory had named, keeps its sum.
func (p *packer) assetSum(a *gateway.Asset, f *factsRow) uint32 {
	p.buffer = binary.BigEndian.AppendUint32(p.buffer[:0], uint32(a.Number))
	for _, text := range [...]string{string(a.ID), a.Kind.String(), string(a.Parent), a.Given, a.CustomID, a.MAC} {
		p.text(text)
	}
	p.varint(int64(a.Told))
	facts := *f != factsRow{}
	if a.Retired || a.Appended || facts {
		p.byte(flag(a.Retired) | flag(a.Appended)<<1 | flag(facts)<<2)
	}
	if facts {
		for _, n := range [...]number{f.listed, f.capacity, f.entrance, f.shifted} {
			p.varint(int64(n))
		}
		p.text(string(f.timezone))
		p.text(string(f.tags))
	}
	return p.sum()
}

func flag(yes bool) byte {
	if yes {
		return 1
	}
	return 0
}

// totalSum is the CRC-32C of a row of totals. A row of an older schema, which had no estimate or knew nothing of
// what totals lack and of what was detected, keeps its sum.
func (p *packer) totalSum(t *gateway.Total) uint32 {
	b := binary.BigEndian.AppendUint32(p.buffer[:0], uint32(t.Asset))
	b = binary.BigEndian.AppendUint64(b, t.In)
	b = binary.BigEndian.AppendUint64(b, t.Out)
	b = binary.BigEndian.AppendUint64(b, uint64(t.At))
	later := t.Lacks != 0 || t.Detected != 0
	if t.Day != 0 || t.Net != 0 || later {
		b = binary.BigEndian.AppendUint64(b, uint64(t.Day))
		b = binary.BigEndian.AppendUint64(b, uint64(t.Net))
	}
	if later {
		b = binary.BigEndian.AppendUint64(b, uint64(t.Lacks))
		b = binary.BigEndian.AppendUint64(b, uint64(t.Detected))
	}
	p.buffer = b
	return p.sum()
}

// overrideSum is the CRC-32C of an override's row.
func (p *packer) overrideSum(o *gateway.Override) uint32 {
	p.begin(o.Asset, byte(o.Target))
	p.override(o)
	return p.sum()
}

// auditSum is the CRC-32C of a row of the audit.
func (p *packer) auditSum(c *gateway.OverrideChange) uint32 {
	p.begin(c.Override.Asset, byte(c.Override.Target))
	p.time(c.At)
	p.text(string(c.Asset))
	p.text(c.Change)
	p.text(c.By)
	p.override(&c.Override)
	return p.sum()
}

func (p *packer) override(o *gateway.Override) {
	p.varint(int64(o.Value))
	p.byte(byte(o.Source))
	p.text(o.Author)
	p.text(o.Reason)
	p.time(o.Since)
	p.time(o.Until)
}

// aliveText is when the gateway was last alive as the table of single values keeps it: the time and the
// CRC-32C of its digits.
func (p *packer) aliveText(t gateway.Timestamp) string {
	digits := fmt.Sprint(int64(t))
	p.buffer = append(append(p.buffer[:0], aliveKey...), digits...)
	return fmt.Sprintf("%s %08x", digits, p.sum())
}

// parseAlive is the inverse of aliveText.
func (p *packer) parseAlive(text string) (gateway.Timestamp, error) {
	var t gateway.Timestamp
	if _, err := fmt.Sscan(text, (*int64)(&t)); err != nil || p.aliveText(t) != text {
		return 0, errChecksum
	}
	return t, nil
}

// processText is what a process leaves behind as the table of single values keeps it: by how many milliseconds
// its clock was wrong, and of each start two times; then the CRC-32C of that.
func (p *packer) processText(process *gateway.Process) string {
	numbers := fmt.Sprint(process.ClockWrong.Milliseconds())
	for _, s := range process.Starts {
		numbers += fmt.Sprintf(" %d %d", s.Alive, s.At)
	}
	p.buffer = append(append(p.buffer[:0], processKey...), numbers...)
	return fmt.Sprintf("%s %08x", numbers, p.sum())
}

// parseProcess is the inverse of processText.
func (p *packer) parseProcess(text string) (process gateway.Process, err error) {
	fields := strings.Fields(text)
	numbers := make([]int64, max(0, len(fields)-1))
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(fields[i], 10, 64); err != nil {
			return gateway.Process{}, errChecksum
		}
	}
	if len(numbers)%2 != 1 {
		return gateway.Process{}, errChecksum
	}
	process.ClockWrong = time.Duration(numbers[0]) * time.Millisecond
	for pair := range slices.Chunk(numbers[1:], 2) {
		process.Starts = append(process.Starts, gateway.Start{Alive: gateway.Timestamp(pair[0]), At: gateway.Timestamp(pair[1])})
	}
	if p.processText(&process) != text {
		return gateway.Process{}, errChecksum
	}
	return process, nil
}

// editionText is what the ledger says beside the numbers, as the table of single values keeps it: the
// number of the edition, when it was settled, when the first asset came, the vacated numbers with commas
// between them, and the CRC-32C of all that.
func (p *packer) editionText(e *gateway.Edition) string {
	vacated := make([]string, len(e.Vacated))
	for i, n := range e.Vacated {
		vacated[i] = strconv.FormatUint(uint64(n), 10)
	}
	text := fmt.Sprintf("%d %d %d %s", e.Number, e.At, e.Since, "["+strings.Join(vacated, ",")+"]")
	p.buffer = append(append(p.buffer[:0], editionKey...), text...)
	return fmt.Sprintf("%s %08x", text, p.sum())
}

// parseEdition is the inverse of editionText.
func (p *packer) parseEdition(text string) (gateway.Edition, error) {
	var e gateway.Edition
	var vacated string
	if _, err := fmt.Sscan(text, &e.Number, (*int64)(&e.At), (*int64)(&e.Since), &vacated); err != nil {
		return gateway.Edition{}, errChecksum
	}
	for part := range strings.SplitSeq(strings.Trim(vacated, "[]"), ",") {
		if n, err := strconv.ParseUint(part, 10, 32); err == nil {
			e.Vacated = append(e.Vacated, gateway.Number(n))
		}
	}
	if p.editionText(&e) != text {
		return gateway.Edition{}, errChecksum
	}
	return e, nil
}

// The keys of the table of single values.
const (
	gatewayIDKey = "gateway_id"
	bootsKey     = "boots"
	aliveKey     = "alive"
	processKey   = "process"
	editionKey   = "edition"
)

// keptSum is the checksum of a row of a [Table].
func (p *packer) keptSum(table, key, value string) uint32 {
	p.begin(0, 0)
	p.text(table)
	p.text(key)
	p.text(value)
	return p.sum()
}
