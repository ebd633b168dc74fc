package store

// syncDirectory does nothing: NTFS keeps its directories in a journal of its own, and none can be opened
// to be synced.
func syncDirectory(string) error { return nil }
