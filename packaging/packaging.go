// Package packaging holds what comes with the program, for the command that installs it without a package.
package packaging

import _ "embed"

// Unit is the unit of systemd that the packages for Linux bring, with the paths that they use.
//
//go:embed linux/butlr-gateway.service
var Unit string

// Config is the configuration that a new installation begins with.
//
//go:embed gateway.toml
var Config []byte
