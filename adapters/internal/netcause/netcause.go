// Package netcause names why a connection failed, as the system at hand numbers it. What the standard library calls
// syscall.ECONNREFUSED is on Windows a number that no connection ever fails with.
package netcause
