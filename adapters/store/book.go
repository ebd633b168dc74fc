package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"butlr-gateway/gateway"
)

// ledgerHeader is the first line of ledger.csv. Each line after it has a number, a word and an id, and is
// never changed: what it said is taken back by a later one.
//
//	-,gateway,0badcafe                 whose ledger it is; the last such line counts
//	3,room,room_a                      an asset came, of that kind, and got that number
//	5,moved,room_a                     it has another number now; nobody is given the one before
//	5,retired,room_a                   it is out of service for good
//	5,reinstated,room_a                and back in service
//	4,vacated,-                        nobody is given the number
//	2,edition,2026-03-10T09:00:00Z     the ledger was settled: every asset above is covered
//	6,appended,room_b                  but for this one
//	6,covered,room_b                   or so is this one, although it came later
//	6,withdrawn,room_b                 the asset never was: it could not be stored
//
// Lines from moved to vacated count once the edition is there that follows them, all together. A ledger that
// was not settled when its edition changed has a - for the time.
const ledgerHeader = "number,kind,id\n"

// The words that are no kind of asset.
const (
	gatewayWord    = "gateway"
	movedWord      = "moved"
	retiredWord    = "retired"
	reinstatedWord = "reinstated"
	vacatedWord    = "vacated"
	editionWord    = "edition"
	appendedWord   = "appended"
	coveredWord    = "covered"
	withdrawnWord  = "withdrawn"

	nobody = "-" // where a line has no number, id or time
)

// line is one line of the ledger.
type line struct {
	number gateway.Number
	word   string
	id     gateway.AssetID
	text   []byte
}

// entry is what the ledger says of one asset.
type entry struct {
	number   gateway.Number
	kind     gateway.Kind
	id       gateway.AssetID
	retired  bool
	appended bool
}

// book is what a ledger says.
type book struct {
	gatewayID string
	entries   map[gateway.AssetID]*entry
	numbers   map[gateway.Number]*entry
	vacated   map[gateway.Number]bool
	edition   int
	settled   gateway.Timestamp // 0: not yet

	size    int64    // up to the end of the last line that counts
	waiting []line   // for their edition
	damage  []string // a sentence for each line that says nothing
}

func newBook() *book {
	return &book{
		entries: make(map[gateway.AssetID]*entry), numbers: make(map[gateway.Number]*entry), vacated: make(map[gateway.Number]bool),
	}
}

// parseLedger reads the lines that have an end. No field has an end of line in it.
func parseLedger(text []byte) *book {
	b := newBook()
	for number := 1; ; number++ {
		end := bytes.IndexByte(text[b.size:], '\n')
		if end < 0 {
			break
		}
		content := text[b.size : b.size+int64(end)+1]
		b.size += int64(len(content))
		if number == 1 && string(content) == ledgerHeader {
			continue
		}
		if err := b.read(content); err != nil {
			b.damage = append(b.damage, fmt.Sprintf("%s, line %d: %v", ledgerFile, number, err))
		}
	}
	for _, l := range b.waiting { // the last write was torn
		b.size -= int64(len(l.text))
	}
	b.waiting = nil
	return b
}

// read takes up one line. What waits for its edition counts too once something else was written after it:
// then it was whole.
func (b *book) read(content []byte) error {
	l, err := parseLine(content)
	if err == nil && l.waits(len(b.waiting) > 0) {
		b.waiting = append(b.waiting, l)
		return nil
	}
	if len(b.waiting) > 0 && l.word != editionWord {
		err = errors.Join(b.settle(b.edition, b.settled), err)
	}
	if err == nil {
		err = b.take(l)
	}
	return err
}

// waits tells whether a line counts only with the edition after it: so does an asset that comes after such
// lines, to a number that another one leaves.
func (l *line) waits(others bool) bool {
	switch l.word {
	case movedWord, retiredWord, reinstatedWord, vacatedWord:
		return true
	}
	return others && gateway.ParseKind(l.word) != gateway.NoKind
}

// fieldsOf splits a line of CSV, which ends as lines do. Nearly all of them have nothing in quotes, and there are many.
func fieldsOf(content []byte) ([]string, error) {
	if bytes.ContainsAny(content, "\"\r") || len(content) < 2 {
		return csv.NewReader(bytes.NewReader(content)).Read()
	}
	return strings.Split(string(content[:len(content)-1]), ","), nil
}

func parseLine(content []byte) (line, error) {
	record, err := fieldsOf(content)
	if err != nil || len(record) != 3 {
		return line{}, errors.New("it has not the form number,kind,id")
	}
	l := line{word: record[1], id: gateway.AssetID(record[2]), text: content}
	if l.id == "" {
		return line{}, errors.New("there is no id")
	}
	if record[0] == nobody && l.word == gatewayWord {
		return l, nil
	}
	number, err := strconv.ParseUint(record[0], 10, 32)
	if err != nil || gateway.Number(number) > gateway.MaxNumber && l.word != editionWord {
		return line{}, fmt.Errorf("%q is no number from 0 to %d", record[0], gateway.MaxNumber)
	}
	l.number = gateway.Number(number)
	return l, nil
}

// take does what a line says.
func (b *book) take(l line) error {
	switch l.word {
	case gatewayWord:
		b.gatewayID = string(l.id)
		return nil
	case editionWord:
		return b.takeEdition(l)
	case appendedWord, coveredWord, withdrawnWord:
		e := b.entries[l.id]
		if e == nil || e.number != l.number {
			return fmt.Errorf("%q has not number %d", l.id, l.number)
		}
		e.appended = l.word == appendedWord
		if l.word == withdrawnWord {
			delete(b.entries, e.id)
			delete(b.numbers, e.number)
		}
		return nil
	}
	return b.enter(l)
}

// enter takes up a new asset.
func (b *book) enter(l line) error {
	kind := gateway.ParseKind(l.word)
	if kind == gateway.NoKind {
		return fmt.Errorf("%q is no kind of asset", l.word)
	}
	holder, known := b.numbers[l.number], b.entries[l.id]
	switch {
	case holder != nil && holder == known:
		return nil
	case holder != nil || known != nil:
		return fmt.Errorf("number %d or asset %q has another line already, which counts", l.number, l.id)
	}
	b.add(&entry{number: l.number, kind: kind, id: l.id, appended: b.settled != 0})
	return nil
}

func (b *book) add(e *entry) {
	b.entries[e.id], b.numbers[e.number] = e, e
}

func (b *book) takeEdition(l line) error {
	var settled gateway.Timestamp
	if l.id != nobody {
		at, err := time.Parse(time.RFC3339Nano, string(l.id))
		if err != nil {
			return fmt.Errorf("%q is no time", l.id)
		}
		settled = gateway.TimestampOf(at)
	}
	return b.settle(int(l.number), settled)
}

// settle lets the lines that wait count, and covers every asset.
func (b *book) settle(edition int, settled gateway.Timestamp) error {
	waiting := b.waiting
	b.waiting, b.edition, b.settled = nil, edition, settled
	err := b.rearrange(waiting)
	for _, e := range b.entries {
		e.appended = false
	}
	return err
}

// rearrange does what lines say that count together: assets may exchange their numbers.
func (b *book) rearrange(lines []line) error {
	for _, l := range lines {
		if e := b.entries[l.id]; e != nil && l.word == movedWord {
			delete(b.numbers, e.number)
			b.vacated[e.number] = true
		}
	}
	var errs []error
	for _, l := range lines {
		errs = append(errs, b.change(l))
	}
	maps.DeleteFunc(b.vacated, func(n gateway.Number, _ bool) bool { return b.numbers[n] != nil })
	return errors.Join(errs...)
}

// change does what one line of several says.
func (b *book) change(l line) error {
	e := b.entries[l.id]
	switch {
	case gateway.ParseKind(l.word) != gateway.NoKind:
		return b.enter(l)
	case l.word == vacatedWord:
		b.vacated[l.number] = true
	case e == nil:
		return fmt.Errorf("%q is %s, and has no number", l.id, l.word)
	case l.word != movedWord:
		e.retired = l.word == retiredWord
	case b.numbers[l.number] != nil:
		delete(b.entries, e.id)
		return fmt.Errorf("%q, which is to get another number when it is heard of, moved to %d, which is that of %q", l.id, l.number, b.numbers[l.number].id)
	default:
		e.number = l.number
		b.add(e)
	}
	return nil
}

// editionLine is the line that settles the ledger.
func editionLine(edition int, settled gateway.Timestamp) []byte {
	at := nobody
	if settled != 0 {
		at = settled.Time().UTC().Format(time.RFC3339Nano)
	}
	return fmt.Appendf(nil, "%d,%s,%s\n", edition, editionWord, at)
}

// sorted returns the entries in the order of their numbers.
func (b *book) sorted() []*entry {
	return slices.SortedFunc(maps.Values(b.entries), func(x, y *entry) int { return int(x.number) - int(y.number) })
}

// others returns the numbers of the entries that are none of the assets'.
func (b *book) others(assets []gateway.Asset) (numbers []gateway.Number) {
	ids := make(map[gateway.AssetID]bool, len(assets))
	for i := range assets {
		ids[assets[i].ID] = true
	}
	for _, e := range b.sorted() {
		if !ids[e.id] {
			numbers = append(numbers, e.number)
		}
	}
	return numbers
}

// batch returns what makes an empty ledger say the same.
func (b *book) batch() *gateway.Batch {
	all := &gateway.Batch{Edition: &gateway.Edition{Number: b.edition, At: b.settled, Vacated: slices.Sorted(maps.Keys(b.vacated))}}
	for _, e := range b.sorted() {
		all.Assets = append(all.Assets, &gateway.Asset{ID: e.id, Kind: e.kind, Number: e.number, Retired: e.retired, Appended: e.appended})
	}
	return all
}
