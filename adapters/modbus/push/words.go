package push

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"butlr-gateway/adapters/internal/netcause"
	"butlr-gateway/adapters/modbus"
)

// Exception codes (MODBUS Application Protocol V1.1b3, section 7).
const (
	illegalFunction = 1
	illegalAddress  = 2
	illegalValue    = 3
	deviceFailure   = 4
	acknowledge     = 5
	busy            = 6
	noPath          = 10
	noAnswer        = 11
)

// exceptionWords says to a person what an exception to a write means, and what to do.
func exceptionWords(code byte, p *Point) string {
	what, section := "register", "register"
	if p.Table == modbus.Coil {
		what, section = "coil", "coil"
	}
	number := fmt.Sprintf("(exception %d)", code)
	switch code {
	case illegalFunction:
		return fmt.Sprintf("the device does not know function %d %s: write function = %d", p.Function, number, otherFunction(p.Function))
	case illegalAddress:
		return fmt.Sprintf("the device has no %s %d to write %s: correct %s, which counts from 0; in a manual that counts from 1 this is %s",
			what, p.Address, number, section, reference(p))
	case illegalValue:
		return "the device does not take this value " + number + ": correct values, or scale and offset"
	case deviceFailure:
		return "the device could not carry out the write " + number
	case acknowledge:
		return "the device is still busy with the write " + number
	case busy:
		return "the device is busy " + number
	case noPath:
		return "the Modbus gateway at this address has no way to the unit " + number + ": correct unit_id"
	case noAnswer:
		return "the Modbus gateway at this address gets no answer from the unit " + number + ": see whether it is on, or correct unit_id"
	}
	return "the device refuses the write " + number
}

// otherFunction returns the other function that writes the same table.
func otherFunction(function uint8) uint8 {
	switch function {
	case writeCoil:
		return writeCoils
	case writeCoils:
		return writeCoil
	case writeRegister:
		return writeRegisters
	}
	return writeRegister
}

// reference returns a point's address as the configuration may have it: the table, and counted from 1.
func reference(p *Point) string {
	if p.Table == modbus.Coil {
		return fmt.Sprintf("0x%d", int(p.Address)+1)
	}
	return fmt.Sprintf("4x%d", int(p.Address)+1)
}

// failureWords says to a person why a request was not answered. Equal causes give equal words.
func failureWords(err error, t *Target) string {
	if t.Line.Transport == Serial {
		if words := portWords(err); words != "" {
			return words
		}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "the host name " + e.Name + " cannot be resolved: correct target, or the name server"
	}
	for _, known := range []struct {
		cause error
		words string
	}{
		{netcause.Refused, "nothing listens at this address: see whether the device is on and its Modbus server too, or correct target"},
		{netcause.HostUnreached, "there is no way to this address: see whether the device is on, or correct target"},
		{netcause.NetworkUnknown, "there is no way to this address from this machine: correct target, or this machine's network"},
		{io.EOF, closedWords}, {io.ErrUnexpectedEOF, closedWords}, {io.ErrClosedPipe, closedWords},
		{netcause.Reset, closedWords}, {netcause.Broken, closedWords},
		{errNotModbus, err.Error()},
	} {
		if errors.Is(err, known.cause) {
			return known.words
		}
	}
	if isTimeout(err) {
		return "the device does not answer within " + t.Timeout.String()
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

const closedWords = "the device closes the connection instead of answering"

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return errors.Is(err, os.ErrDeadlineExceeded) || ok && e.Timeout()
}

// portWords says what is wrong with a serial port, "" if it is something else.
func portWords(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such port: plug the adapter in, or correct target"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not use the port: make the gateway's user a member of the group that owns it, mostly dialout"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		return "the port is gone: plug the adapter in again"
	case strings.Contains(err.Error(), "could not set setting"): // the library keeps no cause
		return "this is no serial port, or one that does not know these settings: correct target, or baud, parity and stop_bits"
	case errors.Is(err, syscall.EAGAIN):
		return "the port takes nothing more: what was written before is not sent"
	}
	return ""
}
