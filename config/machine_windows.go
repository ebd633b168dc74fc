package config

import (
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// How a secret is made here: nothing that every Windows has makes one in a line.
const (
	makeSecret   = `make one with the commands in docs\install-windows.md`
	makePassword = makeSecret
)

// everybody are the groups that every user of a machine is in.
var everybody = []windows.WELL_KNOWN_SID_TYPE{
	windows.WinWorldSid, windows.WinAuthenticatedUserSid, windows.WinBuiltinUsersSid, windows.WinInteractiveSid,
	windows.WinBuiltinGuestsSid, windows.WinAnonymousSid,
}

// use is reading a file, changing it, and deciding who may.
const use = windows.FILE_READ_DATA | windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA |
	windows.GENERIC_READ | windows.GENERIC_WRITE | windows.GENERIC_ALL | windows.WRITE_DAC | windows.WRITE_OWNER

// modeOf returns the mode of a file that is open: as Windows has none, that of a file which its owner may use, and
// everybody else if its access list says so.
func modeOf(file *os.File, about fs.FileInfo) fs.FileMode {
	mode := about.Mode() &^ 0o077
	of, err := windows.GetSecurityInfo(windows.Handle(file.Fd()), windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return mode // a file system that has no such lists
	}
	if list, _, err := of.DACL(); err != nil || opens(list) {
		mode |= 0o006
	}
	return mode
}

// opens tells whether a list lets everybody use a file. None at all does.
func opens(list *windows.ACL) bool {
	if list == nil {
		return true
	}
	for i := range list.AceCount {
		var entry *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(list, uint32(i), &entry); err != nil {
			return true
		}
		if entry.Header.AceType == windows.ACCESS_ALLOWED_ACE_TYPE && entry.Header.AceFlags&windows.INHERIT_ONLY_ACE == 0 &&
			entry.Mask&use != 0 && isEverybody(sidOf(entry)) {
			return true
		}
	}
	return false
}

func isEverybody(sid *windows.SID) bool {
	for _, group := range everybody {
		if sid.IsWellKnown(group) {
			return true
		}
	}
	return false
}

// closing is the command that closes a file to other users, but for the system, administrators and the service.
func closing(path string) string {
	return `icacls "` + path + `" /inheritance:r /grant:r *S-1-5-18:F *S-1-5-32-544:F *S-1-5-19:R`
}

// sidOf returns whom an entry of a list is about: the name begins where the entry's last field is.
func sidOf(entry *windows.ACCESS_ALLOWED_ACE) *windows.SID {
	return (*windows.SID)(unsafe.Pointer(&entry.SidStart))
}
