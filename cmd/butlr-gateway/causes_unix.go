//go:build !windows

package main

import (
	"io/fs"
	"syscall"
)

// Why a port cannot be had, or nobody answers at one, as this system numbers it.
const (
	errAddressInUse     = syscall.EADDRINUSE
	errNoSuchAddress    = syscall.EADDRNOTAVAIL
	errConnectionReset  = syscall.ECONNRESET
	errConnectionDenied = syscall.ECONNREFUSED
)

var errPortDenied = fs.ErrPermission

// What to do where ports and gateways are for others.
const (
	portRight  = "ports below 1024 need a right: run as a service"
	checkRight = "check as the gateway's user; ports below 1024 need a right that the service has"
	whoMayAsk  = "run this as the gateway's user or as root"
)
