package acme

// Shelf is where a keeper keeps things, for tests.
type Shelf = shelf

// NewShelf returns a shelf in a folder.
func NewShelf(dir string, placed func(string, []byte)) *Shelf {
	return &shelf{dir: dir, placed: placed}
}

// Retry writes what the disk did not take.
func (s *Shelf) Retry() { s.retry() }

// Trouble returns why the disk does not take something.
func (s *Shelf) Trouble() error { return s.trouble() }
