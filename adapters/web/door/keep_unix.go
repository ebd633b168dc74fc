//go:build !windows

package door

// keepToSelf does nothing: the mode of the file says it.
func keepToSelf(string) error { return nil }
