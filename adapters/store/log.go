package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// SQLite keeps what was committed newest in a log beside the database. It reads the log up to the first frame that is
// not as it was written and takes that for its end, as it must after a power cut: so a bit that flips in the middle
// undoes, without a word, everything after it. What tells the two apart is written down here, from the description of
// the file formats at sqlite.org (fileformat2, walformat).

const (
	logHeader   = 32 // bytes
	frameHeader = 24
	indexHeader = 48 // of the index of the log, which has it twice, and then how much is in the database already
)

// logDamage says that commits are lost that were durable.
type logDamage string

func (e logDamage) Error() string { return string(e) }

// inspectLog looks for commits in the log that SQLite will not see. It must be called before the database is opened:
// that makes the log's index anew. A log that is cut off where a commit ends, and whose index is gone too, cannot be
// told from a whole one.
func inspectLog(database string) error {
	text, err := os.ReadFile(database + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	index, err := os.ReadFile(database + "-shm")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	x := parseIndex(index)
	if len(text) < logHeader {
		if x.frames > x.copied {
			return logDamage("its log is cut off")
		}
		return nil
	}
	l := commitLog{text: text}
	if !l.begin() {
		if isZero(text[:logHeader]) { // it was about to be begun
			return nil
		}
		return logDamage("the head of its log is damaged")
	}
	committed, seen := l.follow()
	known := 0
	if x.salt == l.salt && x.frames > x.copied {
		known = x.frames
	}
	if committed < known || l.goesOn(seen) {
		return logDamage(fmt.Sprintf("frame %d of its log is damaged, and everything after it lost", seen+1))
	}
	return nil
}

func isZero(text []byte) bool {
	for _, b := range text {
		if b != 0 {
			return false
		}
	}
	return true
}

// commitLog reads a log.
type commitLog struct {
	text  []byte
	order binary.ByteOrder
	page  int
	salt  [8]byte
	sum   [2]uint32
}

// begin reads the header, and tells whether it is one.
func (l *commitLog) begin() bool {
	h := l.text[:logHeader]
	switch binary.BigEndian.Uint32(h) {
	case 0x377f0682:
		l.order = binary.LittleEndian
	case 0x377f0683:
		l.order = binary.BigEndian
	default:
		return false
	}
	l.page = int(binary.BigEndian.Uint32(h[8:]))
	copy(l.salt[:], h[16:])
	l.sum = checksum(l.order, [2]uint32{}, h[:24])
	return l.page >= 512 && l.page <= 65536 && l.fits(h[24:])
}

func (l *commitLog) fits(sum []byte) bool {
	return l.sum == [2]uint32{binary.BigEndian.Uint32(sum), binary.BigEndian.Uint32(sum[4:])}
}

// frame returns a frame, from 0, nil after the last.
func (l *commitLog) frame(i int) []byte {
	size := frameHeader + l.page
	from := logHeader + i*size
	if from+size > len(l.text) {
		return nil
	}
	return l.text[from : from+size]
}

// commits tells whether a frame is the last of a commit.
func commits(frame []byte) bool { return binary.BigEndian.Uint32(frame[4:]) != 0 }

// follow reads the frames that are as they were written: how many there are, and up to which commits reach.
func (l *commitLog) follow() (committed, seen int) {
	for {
		f := l.frame(seen)
		if f == nil || [8]byte(f[8:16]) != l.salt {
			return committed, seen
		}
		l.sum = checksum(l.order, checksum(l.order, l.sum, f[:8]), f[frameHeader:])
		if !l.fits(f[16:24]) {
			return committed, seen
		}
		seen++
		if commits(f) {
			committed = seen
		}
	}
}

// goesOn tells whether frames after those that could be read are of more than one commit. Those of the last one may be
// torn by a power cut: it was not durable. What comes after it was written when it was.
func (l *commitLog) goesOn(seen int) bool {
	ended := false
	for i := seen; ; i++ {
		f := l.frame(i)
		if f == nil {
			return false
		}
		if [8]byte(f[8:16]) != l.salt {
			continue
		}
		if ended {
			return true
		}
		ended = commits(f)
	}
}

// logIndex is what the index of a log says.
type logIndex struct {
	frames int // that are committed
	copied int // of them, that are in the database already
	salt   [8]byte
}

// parseIndex reads the index, which outlives a process that is killed. One that is being written says nothing.
func parseIndex(text []byte) (x logIndex) {
	if len(text) < 2*indexHeader+4 {
		return x
	}
	h, native := text[:indexHeader], binary.NativeEndian
	if string(h) != string(text[indexHeader:2*indexHeader]) || h[12] != 1 {
		return x
	}
	if checksum(native, [2]uint32{}, h[:40]) != [2]uint32{native.Uint32(h[40:]), native.Uint32(h[44:])} {
		return x
	}
	x.frames, x.copied = int(native.Uint32(h[16:])), int(native.Uint32(text[2*indexHeader:]))
	copy(x.salt[:], h[32:40])
	return x
}

// checksum is that of logs: of words in pairs, from what came before.
func checksum(order binary.ByteOrder, sum [2]uint32, text []byte) [2]uint32 {
	for i := 0; i+8 <= len(text); i += 8 {
		sum[0] += order.Uint32(text[i:]) + sum[1]
		sum[1] += order.Uint32(text[i+4:]) + sum[0]
	}
	return sum
}
