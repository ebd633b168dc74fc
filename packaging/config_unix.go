//go:build !windows

package packaging

import _ "embed"

// Config is the configuration that a new installation begins with.
//
//go:embed gateway.toml
var Config []byte
