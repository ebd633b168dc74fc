package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"butlr-gateway/gateway"
)

// ledger is the list of numbers as a file that is only appended to. A line counts once its end is
// there; what follows the last that counts was never synced, and is overwritten.
type ledger struct {
	file *os.File
	book *book
}

// openLedger opens the file, or begins it. A file with lines that cannot be read is kept aside, and
// those that can are written anew.
func openLedger(dir string) (*ledger, error) {
	path := filepath.Join(dir, ledgerFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading %s: %w", path, err), file.Close())
	}
	l := &ledger{file: file, book: parseLedger(text)}
	if len(l.book.damage) > 0 {
		err = keepAside(path, text)
	}
	if err == nil && (len(l.book.damage) > 0 || l.book.size == 0) {
		err = l.rewrite()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), file.Close())
	}
	return l, nil
}

// rewrite writes the whole ledger: the same in other words, from which every damage is gone.
func (l *ledger) rewrite() error {
	old := l.book
	l.book = newBook()
	l.book.damage = old.damage
	if err := l.write([]byte(ledgerHeader)); err != nil {
		return err
	}
	if err := l.name(old.gatewayID); err != nil {
		return err
	}
	return l.record(old.batch())
}

// keepAside keeps a copy of a ledger that is about to be mended.
func keepAside(path string, text []byte) error {
	aside := path + asideWord + time.Now().UTC().Format(asideTime)
	if err := os.WriteFile(aside, text, 0o640); err != nil {
		return fmt.Errorf("keeping the damaged ledger: %w", err)
	}
	return keepNewest(filepath.Dir(path), ledgerFile+asideWord)
}

// name notes whose ledger it is.
func (l *ledger) name(gatewayID string) error {
	if gatewayID == "" || gatewayID == l.book.gatewayID {
		return nil
	}
	l.book.gatewayID = gatewayID
	return l.write([]byte(gatewayLine(gatewayID)))
}

// record appends what makes the ledger say what a batch does, and syncs it. Numbers that the batch removed
// and nobody has are those of assets that never were.
func (l *ledger) record(b *gateway.Batch) error {
	n := notes{book: l.book, batch: b}
	n.adopt()
	n.withdraw()
	n.rearrange()
	n.come()
	n.settle()
	n.read()
	n.correct()
	n.read()
	if n.err != nil || n.text.Len() == 0 {
		return n.err
	}
	return l.write(n.text.Bytes())
}

// write puts text after the last line that counts.
func (l *ledger) write(text []byte) error {
	size := l.book.size
	if _, err := l.file.WriteAt(text, size); err != nil {
		return err
	}
	if err := l.file.Truncate(size + int64(len(text))); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.book.size += int64(len(text))
	return nil
}
