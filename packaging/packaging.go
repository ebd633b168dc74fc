// Package packaging holds what comes with the program, for the command that installs it without a package. The example
// for Windows is made from the other one: see the test.
package packaging

import _ "embed"

// Unit is the unit of systemd that the packages for Linux bring, with the paths that they use.
//
//go:embed linux/butlr-gateway.service
var Unit string
