package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"

	"butlr-gateway/gateway"
)

// notes are the lines that make a ledger say what a batch does.
type notes struct {
	book  *book
	batch *gateway.Batch
	text  bytes.Buffer
	taken int // bytes of the text that the book has read
	waits bool
	apart []*entry // that the batch does not have, and an edition must not cover
	err   error
}

// note adds a line.
func (n *notes) note(number gateway.Number, word string, id gateway.AssetID) {
	w := csv.NewWriter(&n.text)
	n.err = errors.Join(n.err, w.Write([]string{strconv.FormatUint(uint64(number), 10), word, string(id)}))
	w.Flush()
}

// read lets the book take up the new lines, as it will when it is read again.
func (n *notes) read() {
	for n.err == nil && n.taken < n.text.Len() {
		rest := n.text.Bytes()[n.taken:]
		content := rest[:bytes.IndexByte(rest, '\n')+1]
		n.taken += len(content)
		if err := n.book.read(content); err != nil {
			n.err = fmt.Errorf("a line that the ledger could not be read with, %q: %w", content, err)
		}
	}
}

// adopt notes whose ledger it is from now on.
func (n *notes) adopt() {
	if e := n.batch.Edition; e != nil && e.Gateway != "" && e.Gateway != n.book.gatewayID {
		n.text.WriteString(gatewayLine(e.Gateway))
	}
}

func gatewayLine(id string) string { return nobody + "," + gatewayWord + "," + id + "\n" }

// withdraw takes back assets that could not be stored.
func (n *notes) withdraw() {
	if len(n.batch.Removed) == 0 {
		return
	}
	has := n.has()
	for _, number := range n.batch.Removed {
		if e := n.book.numbers[number]; e != nil && !has[e.id] {
			n.note(number, withdrawnWord, e.id)
		}
	}
}

// rearrange notes what becomes of the assets that the ledger has.
func (n *notes) rearrange() {
	before := n.text.Len()
	left := make(map[gateway.Number]bool)
	for _, a := range n.batch.Assets {
		e := n.book.entries[a.ID]
		if e == nil {
			continue
		}
		if e.number != a.Number {
			left[e.number] = true
			n.note(a.Number, movedWord, a.ID)
		}
		if e.retired != a.Retired {
			n.note(a.Number, serviceWord(a), a.ID)
		}
	}
	if n.batch.Edition != nil {
		for _, number := range n.batch.Edition.Vacated {
			if !n.book.vacated[number] && !left[number] {
				n.note(number, vacatedWord, nobody)
			}
		}
	}
	n.waits = n.text.Len() > before
}

func serviceWord(a *gateway.Asset) string {
	if a.Retired {
		return retiredWord
	}
	return reinstatedWord
}

// come notes the assets that are new.
func (n *notes) come() {
	seen := make(map[gateway.AssetID]bool)
	for _, a := range n.batch.Assets {
		if n.book.entries[a.ID] != nil || seen[a.ID] {
			continue
		}
		seen[a.ID] = true
		n.note(a.Number, a.Kind.String(), a.ID)
	}
	for _, a := range n.batch.Assets {
		if seen[a.ID] && a.Retired {
			delete(seen, a.ID)
			n.note(a.Number, retiredWord, a.ID)
			n.waits = true
		}
	}
}

// settle notes the edition, if it is a new one or something waits for it.
func (n *notes) settle() {
	edition, settled := n.book.edition, n.book.settled
	e := n.batch.Edition
	if e != nil && e.Number > edition {
		edition, settled = e.Number, e.At
	} else if !n.waits {
		return
	}
	n.text.Write(editionLine(edition, settled))
	has := n.has()
	for _, e := range n.book.sorted() {
		if e.appended && !has[e.id] {
			n.apart = append(n.apart, e)
		}
	}
}

// has tells of which assets the batch says something.
func (n *notes) has() map[gateway.AssetID]bool {
	has := make(map[gateway.AssetID]bool)
	for _, a := range n.batch.Assets {
		has[a.ID] = true
	}
	return has
}

// correct notes which assets an edition does not cover, or covers although they came later.
func (n *notes) correct() {
	for _, a := range n.batch.Assets {
		e := n.book.entries[a.ID]
		switch {
		case e == nil || e.appended == a.Appended:
		case a.Appended:
			n.note(a.Number, appendedWord, a.ID)
		default:
			n.note(a.Number, coveredWord, a.ID)
		}
	}
	for _, e := range n.apart {
		if n.book.entries[e.id] == e { // it was not withdrawn before
			n.note(e.number, appendedWord, e.id)
		}
	}
}
