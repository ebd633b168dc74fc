package main

import "golang.org/x/sys/windows"

// Why a port cannot be had, or nobody answers at one, as this system numbers it.
const (
	errAddressInUse     = windows.WSAEADDRINUSE
	errNoSuchAddress    = windows.WSAEADDRNOTAVAIL
	errConnectionReset  = windows.WSAECONNRESET
	errConnectionDenied = windows.WSAECONNREFUSED
	errPortDenied       = windows.WSAEACCES // no right is missing: Windows keeps the port for something else
)

// What to do where ports and gateways are for others.
const (
	portRight  = `another program has it for itself, or Windows has set it aside ("netsh int ipv4 show excludedportrange protocol=tcp" lists those): stop that`
	checkRight = `another program has it for itself, or Windows has set it aside: "netsh int ipv4 show excludedportrange protocol=tcp" lists those; stop that, or choose another port`
	whoMayAsk  = "run this in a command prompt that was started as an administrator"
)
