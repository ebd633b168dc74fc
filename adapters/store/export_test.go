package store

import (
	"encoding/binary"

	"butlr-gateway/gateway"
)

// Packer packs rows, for tests that look at them.
type Packer struct{ packer }

// History packs a history; the row is valid until the next call.
func (p *Packer) History(h *gateway.History) []byte { return p.history(h) }

// Site packs a site; the row is valid until the next call.
func (p *Packer) Site(s *gateway.SiteLife) []byte { return p.site(s) }

// Seal puts a checksum that fits under a body that a test made.
func (p *Packer) Seal(body []byte, asset gateway.Number, part byte) []byte {
	p.begin(asset, part)
	p.buffer = append(p.buffer, body...)
	return p.seal()
}

// OldRevision is a revision as the first schema had it.
type OldRevision = oldRevision

// OldFeed packs revisions as the first schema had them.
func (p *Packer) OldFeed(asset gateway.Number, feed gateway.Feed, revisions []OldRevision) []byte {
	body := binary.AppendUvarint([]byte{revisionFormat}, uint64(len(revisions)))
	for _, r := range revisions {
		body = binary.AppendVarint(body, int64(r.At))
		body = binary.AppendVarint(body, int64(r.Value))
		body = binary.AppendUvarint(body, uint64(len(r.ID)))
		body = append(body, r.ID...)
	}
	return p.Seal(body, asset, byte(feed))
}

// UnpackFeed reads a feed's row as loading does.
func UnpackFeed(row []byte, asset gateway.Number, feed gateway.Feed) (gateway.History, error) {
	var l loaded
	if err := l.feed(row, asset, feed); err != nil {
		return gateway.History{}, err
	}
	return l.saved.Histories[0], nil
}

// UnpackSite reads a site's row as loading does.
func UnpackSite(row []byte, site gateway.Number) (gateway.SiteLife, error) {
	var p packer
	body, err := p.unseal(row, site, sitePart)
	if err != nil {
		return gateway.SiteLife{}, err
	}
	return unpackSite(body, site)
}

// SiteOf is what a site's row belongs to.
const SiteOf = sitePart

// Hold takes the turn, as a commit that the disk does not answer.
func (s *Store) Hold() (release func()) {
	s.turn <- struct{}{}
	return s.turn.give
}

// SchemaVersion is that of databases as they are written now.
const SchemaVersion = schemaVersion

// Forget has the store open its database anew for the next commit, as after an error.
func (s *Store) Forget() (done func()) {
	s.turn <- struct{}{}
	_ = s.closeDatabase()
	return s.turn.give
}

// ReopenLedger opens the ledger in a directory as a start does, and returns what it says, and of whom, and what of it could
// not be read.
func ReopenLedger(dir string) (said *gateway.Batch, gatewayID string, damage []string, err error) {
	l, err := openLedger(dir)
	if err != nil {
		return nil, "", nil, err
	}
	return l.book.batch(), l.book.gatewayID, l.book.damage, l.file.Close()
}

// FieldsOf splits a line of the ledger.
func FieldsOf(content []byte) ([]string, error) { return fieldsOf(content) }
