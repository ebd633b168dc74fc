package pointlist

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"butlr-gateway/gateway"
)

// Mark sums a list up.
type Mark struct {
	Checksum uint32 // the map checksum of the assets in the list
	Version  int    // of the map
	Assets   int    // in the list
	Rows     int    // in the list, those of the gateway among them
	Appended []gateway.Number
	Vacated  []gateway.Number
}

// String returns the mark as the description of the checksum has it.
func (m *Mark) String() string {
	return fmt.Sprintf("of the assets in this list 0x%08X, map version %d: %d assets, %d rows; appended: %s; vacated: %s",
		m.Checksum, m.Version, m.Assets, m.Rows, ranges(m.Appended), ranges(m.Vacated))
}

var markForm = regexp.MustCompile(`^of the assets in this list 0x([0-9A-F]{8}), map version ([0-9]{1,9}): ([0-9]{1,9}) assets, ([0-9]{1,9}) rows; appended: ([0-9, -]+|none); vacated: ([0-9, -]+|none)$`)

// parseMark is the inverse of String; ok is false if the text is no mark.
func parseMark(text string) (m Mark, ok bool) {
	parts := markForm.FindStringSubmatch(text)
	if parts == nil {
		return m, false
	}
	sum, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return m, false
	}
	m.Checksum = uint32(sum)
	for k, into := range []*int{&m.Version, &m.Assets, &m.Rows} {
		if *into, err = strconv.Atoi(parts[2+k]); err != nil {
			return m, false
		}
	}
	if m.Appended, ok = parseRanges(parts[5]); !ok {
		return m, false
	}
	m.Vacated, ok = parseRanges(parts[6])
	return m, ok && m.String() == text
}

// ranges lists numbers that are in order: "5, 17-19".
func ranges(numbers []gateway.Number) string {
	if len(numbers) == 0 {
		return "none"
	}
	var parts []string
	for k := 0; k < len(numbers); {
		last := k
		for last+1 < len(numbers) && numbers[last+1] == numbers[last]+1 {
			last++
		}
		part := strconv.Itoa(int(numbers[k]))
		if last > k {
			part += "-" + strconv.Itoa(int(numbers[last]))
		}
		parts = append(parts, part)
		k = last + 1
	}
	return strings.Join(parts, ", ")
}

// parseRanges is the inverse of ranges.
func parseRanges(text string) (numbers []gateway.Number, ok bool) {
	if text == "none" {
		return nil, true
	}
	for part := range strings.SplitSeq(text, ", ") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err := strconv.ParseUint(from, 10, 32)
		last, err2 := strconv.ParseUint(to, 10, 32)
		if err != nil || err2 != nil || last > uint64(gateway.MaxNumber) || last < first ||
			len(numbers) > 0 && first <= uint64(numbers[len(numbers)-1]) {
			return nil, false
		}
		for n := first; n <= last; n++ {
			numbers = append(numbers, gateway.Number(n))
		}
	}
	return numbers, true
}
