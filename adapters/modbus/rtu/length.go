package rtu

import "encoding/binary"

// MinFrame and MaxFrame bound a frame, unit id and checksum included (V1.02, section 2.5.1).
const (
	MinFrame = 4
	MaxFrame = 256
)

// What is returned for a length that is not known.
const (
	NotYet = 0  // the bytes so far do not tell
	Never  = -1 // no byte tells: the function code is none of the specification, or such a length cannot be
)

// Places in a frame.
const (
	functionAt = 1
	dataAt     = 2
	sumBytes   = 2
)

// Function codes whose length is not that of most (MODBUS Application Protocol V1.1b3, section 6).
const (
	readExceptionStatus      = 7
	diagnostics              = 8
	eventCounter             = 11
	eventLog                 = 12
	writeCoils               = 15
	writeRegisters           = 16
	reportServerID           = 17
	readFile                 = 20
	writeFile                = 21
	maskWrite                = 22
	readWriteRegisters       = 23
	readQueue                = 24
	encapsulated             = 43
	exceptionBit             = 0x80
	identification           = 14 // the encapsulated interface that identifies a device
	firstObject              = 8  // where the list of objects begins in an answer to it
	shortest                 = MinFrame
	ordinary                 = 8 // an address and a quantity, or an address and a value
	returnQueryData     byte = 0 // the only diagnostic whose length is the sender's choice
)

// RequestLength returns how many bytes a request has in all, unit id and checksum included, as its first
// bytes tell: [NotYet] or [Never] where they do not.
func RequestLength(begin []byte) int {
	if len(begin) < dataAt {
		return NotYet
	}
	switch function := begin[functionAt]; function {
	case 1, 2, 3, 4, 5, 6:
		return ordinary
	case readExceptionStatus, eventCounter, eventLog, reportServerID:
		return shortest
	case diagnostics:
		return diagnosticLength(begin)
	case writeCoils, writeRegisters:
		return counted(begin, 6)
	case readFile, writeFile:
		return counted(begin, 2)
	case maskWrite:
		return 10
	case readWriteRegisters:
		return counted(begin, 10)
	case readQueue:
		return 6
	case encapsulated:
		return identificationLength(begin, 7)
	}
	return Never
}

// ResponseLength returns how many bytes a response has in all, unit id and checksum included, as its first
// bytes tell: [NotYet] or [Never] where they do not.
func ResponseLength(begin []byte) int {
	if len(begin) < dataAt {
		return NotYet
	}
	function := begin[functionAt]
	if function&exceptionBit != 0 {
		return 5
	}
	switch function {
	case 1, 2, 3, 4, eventLog, reportServerID, readFile, writeFile, readWriteRegisters:
		return counted(begin, 2)
	case 5, 6, eventCounter, writeCoils, writeRegisters:
		return ordinary
	case readExceptionStatus:
		return 5
	case diagnostics:
		return diagnosticLength(begin)
	case maskWrite:
		return 10
	case readQueue:
		if len(begin) < 4 {
			return NotYet
		}
		return bounded(4 + int(binary.BigEndian.Uint16(begin[2:])) + sumBytes)
	case encapsulated:
		if n := identificationLength(begin, firstObject); n < 0 {
			return n
		}
		return objectsLength(begin)
	}
	return Never
}

// counted returns the length of a frame whose byte at a place counts the bytes behind it.
func counted(begin []byte, at int) int {
	if len(begin) <= at {
		return NotYet
	}
	return bounded(at + 1 + int(begin[at]) + sumBytes)
}

func bounded(length int) int {
	if length > MaxFrame {
		return Never
	}
	return length
}

// diagnosticLength is that of a diagnostic with one word of data. Only the sub-function that returns what
// it was sent may have more: then no byte tells how much.
func diagnosticLength(begin []byte) int {
	if len(begin) < 4 {
		return NotYet
	}
	if begin[2] == 0 && begin[3] == returnQueryData {
		return Never
	}
	return ordinary
}

// identificationLength is that of an encapsulated frame if it is about identification.
func identificationLength(begin []byte, length int) int {
	switch {
	case len(begin) <= dataAt:
		return NotYet
	case begin[dataAt] != identification:
		return Never
	}
	return length
}

// objectsLength is that of an answer that identifies a device: a list of objects, each with an id, a
// length and that many bytes (V1.1b3, section 6.21).
func objectsLength(begin []byte) int {
	if len(begin) < firstObject {
		return NotYet
	}
	end := firstObject
	for range begin[firstObject-1] {
		if len(begin) < end+2 {
			return NotYet
		}
		if end += 2 + int(begin[end+1]); end+sumBytes > MaxFrame {
			return Never
		}
	}
	return end + sumBytes
}
