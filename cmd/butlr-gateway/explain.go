package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// explainListen says what to do about an address that cannot be bound. An error about a file, such as a
// certificate, says so itself.
func explainListen(key string, err error) error {
	if _, file := errors.AsType[*fs.PathError](err); file {
		return err
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%w; stop the program that uses it, or change %s", err, key)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; ports below 1024 need a right: run as a service, or change %s", err, key)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%w; this machine has no such address: change %s", err, key)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%w; change %s", err, key)
	}
	return err
}
