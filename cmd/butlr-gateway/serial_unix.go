//go:build !windows

package main

import "syscall"

// openAtOnce opens a serial port without waiting for somebody at the other end, and not as our terminal.
const openAtOnce = syscall.O_NONBLOCK | syscall.O_NOCTTY
