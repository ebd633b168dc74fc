package netcause

import "golang.org/x/sys/windows"

// The causes, for errors.Is.
const (
	Refused        = windows.WSAECONNREFUSED
	Reset          = windows.WSAECONNRESET
	Broken         = windows.WSAECONNABORTED // what is written arrives nowhere any more
	HostUnreached  = windows.WSAEHOSTUNREACH
	NetworkUnknown = windows.WSAENETUNREACH
)
