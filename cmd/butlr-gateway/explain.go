package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// explainListen says what to do about an address that cannot be bound.
func explainListen(key string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; stop the program that uses it, or change %s", err, key)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w; ports below 1024 need a right: run as a service, or change %s", err, key)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w; this machine has no such address: change %s", err, key)
	}
	return fmt.Errorf("%w (%s)", err, key)
}
