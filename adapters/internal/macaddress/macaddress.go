// Package macaddress has hardware addresses in one spelling, whoever of Butlr's webhooks and its API tells them: what
// they are of is known by them.
package macaddress

// longest bounds what is taken for a hardware address: EUI-64 in its longest spelling, and some.
const longest = 64

// Append appends a hardware address in lower case with dashes between its bytes. What is no
// hardware address is only put in lower case.
func Append(dst, mac []byte) []byte {
	start := len(dst)
	digits := 0
	for _, c := range mac {
		switch {
		case c == '-', c == ':', c == '.':
			continue
		case len(mac) > longest, !hexadecimal(c):
			return appendLower(dst[:start], mac)
		}
		if digits > 0 && digits%2 == 0 {
			dst = append(dst, '-')
		}
		dst = append(dst, lower(c))
		digits++
	}
	return dst
}

func hexadecimal(c byte) bool {
	c = lower(c)
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f'
}

func appendLower(dst, text []byte) []byte {
	for _, c := range text {
		dst = append(dst, lower(c))
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
