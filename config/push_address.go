package config

import (
	"fmt"
	"regexp"
	"strconv"
)

// Register is the 0-based address of a holding register.
type Register int

// Coil is the 0-based address of a coil.
type Coil int

// What stands where a point has no such address.
const (
	NoRegister Register = -1
	NoCoil     Coil     = -1
)

// pushTables are the two tables that can be written, by the digit that begins their references.
var pushTables = map[string]struct{ key, other, what string }{
	"4": {"register", "coil", "a holding register"},
	"0": {"coil", "register", "a coil"},
}

// reference is an address as manuals write it: the digit of its table and the number counted from 1, as in
// "4x1701", 41701 or 401701.
var reference = regexp.MustCompile(`^([0-9])(?:x([0-9]{1,5})|([0-9]{4,5}))$`)

// addressFrom reads the address of a register or coil, which is a 0-based number or a reference.
func addressFrom(value any, table string) (int, *fault) {
	hint := fmt.Sprintf(`write a number that counts from 0, without quotes, or a reference that counts from 1, as in "%sx1701"`, table)
	if number, ok := value.(int64); ok {
		if number < 0 || number > 65535 {
			bad := notBetween(0, 65535)
			bad.hint = hint
			return 0, bad
		}
		return int(number), nil
	}
	text, ok := value.(string)
	if !ok {
		return 0, &fault{message: "is no address", hint: hint}
	}
	parts := reference.FindStringSubmatch(text)
	if parts == nil {
		return 0, &fault{message: "is no reference", hint: hint}
	}
	if parts[1] != table {
		return 0, wrongTable(parts[1], table)
	}
	number, err := strconv.Atoi(parts[2] + parts[3])
	if err != nil || number < 1 || number > 65536 {
		return 0, &fault{message: "does not end with 1 to 65536", hint: hint}
	}
	return number - 1, nil
}

// wrongTable says that a reference is in another table than the key.
func wrongTable(digit, table string) *fault {
	if other, ok := pushTables[digit]; ok {
		return &fault{message: "is " + other.what, hint: "write it as " + other.key}
	}
	return &fault{
		message: "is in a table that can only be read",
		hint:    fmt.Sprintf("%s begins with %s: look it up in the controller's manual", pushTables[table].what, table),
	}
}
