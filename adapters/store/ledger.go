package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"butlr-gateway/gateway"
)

// ledgerHeader is the first line of ledger.csv.
const ledgerHeader = "number,kind,id\n"

// The line of ledger.csv that tells whose it is has this number and kind.
const (
	gatewayNumber = "-"
	gatewayKind   = "gateway"
)

// entry is one line of the ledger: an asset and its permanent number.
type entry struct {
	number gateway.Number
	kind   gateway.Kind
	id     gateway.AssetID
}

// ledger is the list of numbers as a file that is only appended to. A line counts once its end is
// there; what follows the last end was never synced, and is overwritten.
type ledger struct {
	file    *os.File
	size    int64 // up to the end of the last line that counts
	entries map[gateway.Number]gateway.AssetID
}

// book is what a ledger says.
type book struct {
	gatewayID string
	entries   []entry
	size      int64    // up to the end of the last line
	damage    []string // a sentence for each line that says nothing
}

// openLedger opens the file, or begins it. A file with lines that cannot be read is kept aside, and
// those that can are written anew.
func openLedger(dir string) (*ledger, *book, error) {
	path := filepath.Join(dir, ledgerFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), file.Close())
	}
	b := parseLedger(text)
	l := &ledger{file: file, size: b.size, entries: make(map[gateway.Number]gateway.AssetID)}
	if len(b.damage) > 0 {
		if err := keepAside(path, text); err != nil {
			return nil, nil, errors.Join(err, file.Close())
		}
		l.size = 0
	}
	if l.size > 0 {
		for _, e := range b.entries {
			l.entries[e.number] = e.id
		}
		return l, b, nil
	}
	if err := l.rewrite(b); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), file.Close())
	}
	return l, b, nil
}

// keepAside keeps a copy of a ledger that is about to be mended.
func keepAside(path string, text []byte) error {
	aside := path + ".broken-" + time.Now().UTC().Format("20060102T150405.000")
	if err := os.WriteFile(aside, text, 0o640); err != nil {
		return fmt.Errorf("keeping the damaged ledger: %w", err)
	}
	return nil
}

// rewrite writes the whole ledger.
func (l *ledger) rewrite(b *book) error {
	var assets []*gateway.Asset
	for _, e := range b.entries {
		assets = append(assets, &gateway.Asset{ID: e.id, Kind: e.kind, Number: e.number})
	}
	if err := l.write([]byte(ledgerHeader)); err != nil {
		return err
	}
	if err := l.name(b.gatewayID); err != nil {
		return err
	}
	return l.record(assets)
}

// parseLedger reads the lines that have an end. No field has an end of line in it.
func parseLedger(text []byte) *book {
	b := &book{}
	numbers, ids := make(map[gateway.Number]gateway.AssetID), make(map[gateway.AssetID]bool)
	for line := 1; ; line++ {
		end := bytes.IndexByte(text[b.size:], '\n')
		if end < 0 {
			return b
		}
		content := text[b.size : b.size+int64(end)+1]
		b.size += int64(len(content))
		if line == 1 && string(content) == ledgerHeader {
			continue
		}
		if err := b.parseLine(content, numbers, ids); err != nil {
			b.damage = append(b.damage, fmt.Sprintf("%s, line %d: %v", ledgerFile, line, err))
		}
	}
}

func (b *book) parseLine(content []byte, numbers map[gateway.Number]gateway.AssetID, ids map[gateway.AssetID]bool) error {
	record, err := csv.NewReader(bytes.NewReader(content)).Read()
	if err != nil || len(record) != 3 {
		return errors.New("it has not the form number,kind,id")
	}
	if record[0] == gatewayNumber && record[1] == gatewayKind {
		b.gatewayID = record[2]
		return nil
	}
	e, err := parseEntry(record)
	if err != nil {
		return err
	}
	id, taken := numbers[e.number]
	switch {
	case taken && id == e.id:
		return nil
	case taken || ids[e.id]:
		return fmt.Errorf("number %d or asset %q has another line already, which counts", e.number, e.id)
	}
	numbers[e.number], ids[e.id] = e.id, true
	b.entries = append(b.entries, e)
	return nil
}

func parseEntry(record []string) (entry, error) {
	number, err := strconv.ParseUint(record[0], 10, 32)
	if err != nil || gateway.Number(number) > gateway.MaxNumber {
		return entry{}, fmt.Errorf("%q is no number from 0 to %d", record[0], gateway.MaxNumber)
	}
	kind := gateway.ParseKind(record[1])
	if kind == gateway.NoKind || record[2] == "" {
		return entry{}, fmt.Errorf("%q is no kind of asset, or there is no id", record[1])
	}
	return entry{gateway.Number(number), kind, gateway.AssetID(record[2])}, nil
}

// name notes whose ledger it is.
func (l *ledger) name(gatewayID string) error {
	if gatewayID == "" {
		return nil
	}
	return l.write([]byte(gatewayNumber + "," + gatewayKind + "," + gatewayID + "\n"))
}

// record appends the assets that are not in the ledger, and syncs it.
func (l *ledger) record(assets []*gateway.Asset) error {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	fresh := make(map[gateway.Number]gateway.AssetID)
	for _, a := range assets {
		if l.entries[a.Number] == a.ID || fresh[a.Number] == a.ID {
			continue
		}
		fresh[a.Number] = a.ID
		if err := w.Write([]string{strconv.FormatUint(uint64(a.Number), 10), a.Kind.String(), string(a.ID)}); err != nil {
			return err
		}
	}
	w.Flush()
	if len(fresh) == 0 {
		return w.Error()
	}
	if err := l.write(text.Bytes()); err != nil {
		return err
	}
	maps.Copy(l.entries, fresh)
	return nil
}

// write puts text after the last line that counts.
func (l *ledger) write(text []byte) error {
	if _, err := l.file.WriteAt(text, l.size); err != nil {
		return err
	}
	if err := l.file.Truncate(l.size + int64(len(text))); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.size += int64(len(text))
	return nil
}
