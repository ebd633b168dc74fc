package config

import (
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size int64

// sizeUnits are what a size may end with.
var sizeUnits = []struct {
	text  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}}

const sizeHint = `write a whole number and its unit in quotes, as in "256MiB" or "2GiB"`

func (s *Size) parse(text string) *fault {
	for _, unit := range sizeUnits {
		number, ok := strings.CutSuffix(text, unit.text)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > (1<<62)/unit.bytes {
			break
		}
		*s = Size(n * unit.bytes)
		return nil
	}
	return &fault{message: "is not a size", hint: sizeHint}
}
