package main

// leaveToOwner does nothing: what is made in a directory may be used by whomever the directory lets in.
func leaveToOwner(string) error { return nil }
