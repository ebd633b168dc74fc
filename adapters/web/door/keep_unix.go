//go:build !windows

package door

import "os"

// keepToSelf lets only the user of this process at a file.
func keepToSelf(file *os.File) error { return file.Chmod(0o600) }
