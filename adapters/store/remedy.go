package store

import (
	"errors"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// leastFree is what it takes to open a database at all.
const leastFree = 256 << 10

// remedy says what to do about a state directory that cannot be used, where that is not damage.
func remedy(dir string, err error) string {
	code := 0
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		code = e.Code() & 0xff
	}
	full := code == sqlite3.SQLITE_FULL || errors.Is(err, diskFull)
	if code == sqlite3.SQLITE_IOERR { // which may be no more than a full disk
		free, failed := freeBytes(dir)
		full = full || failed == nil && free < leastFree
	}
	switch {
	case full:
		return "; make room on its disk"
	case code == sqlite3.SQLITE_IOERR:
		return "; look at the health of the disk"
	case code == sqlite3.SQLITE_READONLY || code == sqlite3.SQLITE_PERM || code == sqlite3.SQLITE_CANTOPEN ||
		errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return "; see to it that it, and every file in it, can be written to by the gateway's user"
	}
	return ""
}
