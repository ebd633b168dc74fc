package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
)

// explainListen says what to do about an address that cannot be bound. An error about a file, such as a
// certificate, says so itself.
func explainListen(key string, err error) error {
	if _, file := errors.AsType[*fs.PathError](err); file {
		return err
	}
	switch {
	case errors.Is(err, errAddressInUse):
		return fmt.Errorf("%w; stop the program that uses it, or change %s", err, key)
	case errors.Is(err, errPortDenied):
		return fmt.Errorf("%w; %s, or change %s", err, portRight, key)
	case errors.Is(err, errNoSuchAddress):
		return fmt.Errorf("%w; this machine has no such address: change %s", err, key)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%w; change %s", err, key)
	}
	return err
}
