//go:build !windows

package netcause

import "syscall"

// The causes, for errors.Is.
const (
	Refused        = syscall.ECONNREFUSED
	Reset          = syscall.ECONNRESET
	Broken         = syscall.EPIPE // what is written arrives nowhere any more
	HostUnreached  = syscall.EHOSTUNREACH
	NetworkUnknown = syscall.ENETUNREACH
)
