package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strconv"

	"butlr-gateway/gateway"
)

// ledgerHeader is the first line of ledger.csv.
const ledgerHeader = "number,kind,id\n"

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

// openLedger opens the file, or begins it.
func openLedger(path string) (*ledger, []entry, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, nil, err
	}
	l := &ledger{file: file, entries: make(map[gateway.Number]gateway.AssetID)}
	book, err := l.read()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), file.Close())
	}
	return l, book, nil
}

func (l *ledger) read() ([]entry, error) {
	text, err := io.ReadAll(l.file)
	if err != nil {
		return nil, err
	}
	book, size, err := parseLedger(text)
	if err != nil {
		return nil, err
	}
	for _, e := range book {
		l.entries[e.number] = e.id
	}
	l.size = size
	if size == 0 {
		return nil, l.write([]byte(ledgerHeader))
	}
	return book, nil
}

// parseLedger reads the lines that have an end, and tells where the last of them ends.
func parseLedger(text []byte) ([]entry, int64, error) {
	end := bytes.LastIndexByte(text, '\n') + 1
	if end == 0 {
		return nil, 0, nil
	}
	if !bytes.HasPrefix(text, []byte(ledgerHeader)) {
		return nil, 0, fmt.Errorf("line 1 is not %q: this is no ledger; move it aside", ledgerHeader[:len(ledgerHeader)-1])
	}
	r := csv.NewReader(bytes.NewReader(text[len(ledgerHeader):end]))
	r.FieldsPerRecord = 3
	var book []entry
	numbers, ids := make(map[gateway.Number]gateway.AssetID), make(map[gateway.AssetID]bool)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return book, int64(end), nil
		}
		if err != nil {
			return nil, 0, err
		}
		line, _ := r.FieldPos(0)
		line++ // the header
		e, err := parseEntry(record)
		id, taken := numbers[e.number]
		switch {
		case err != nil:
			return nil, 0, fmt.Errorf("line %d: %w", line, err)
		case taken && id == e.id:
			continue
		case taken || ids[e.id]:
			return nil, 0, fmt.Errorf("line %d: number %d or asset %q has another line already; keep the one that your controllers use", line, e.number, e.id)
		}
		numbers[e.number], ids[e.id] = e.id, true
		book = append(book, e)
	}
}

func parseEntry(record []string) (entry, error) {
	number, err := strconv.ParseUint(record[0], 10, 32)
	if err != nil || gateway.Number(number) > gateway.MaxNumber {
		return entry{}, fmt.Errorf("%q is no number from 0 to %d", record[0], gateway.MaxNumber)
	}
	kind := gateway.ParseKind(record[1])
	if kind == gateway.NoKind {
		return entry{}, fmt.Errorf("%q is no kind of asset", record[1])
	}
	return entry{gateway.Number(number), kind, gateway.AssetID(record[2])}, nil
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
