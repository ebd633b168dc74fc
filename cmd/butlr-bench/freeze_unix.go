//go:build !windows

package main

import "syscall"

// freeze stops it in the middle of whatever it does.
func (b *broker) freeze() error { return b.process.Process.Signal(syscall.SIGSTOP) }
