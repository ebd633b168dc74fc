package modbus

import "butlr-gateway/gateway"

// nameLength is how many characters of an asset's name the name column has.
const nameLength = 16

// shortName returns what an asset is called in 16 characters of ASCII, with zeros behind them: its custom
// id, else its name, else the end of its id. A text of which no letter and no digit is left in ASCII says
// nothing, and gives way.
func shortName(a *gateway.Asset) (name [nameLength]byte) {
	for _, text := range []string{a.CustomID, a.Name} {
		if copyASCII(name[:], text) {
			return name
		}
	}
	copyASCII(name[:], string(a.ID[max(0, len(a.ID)-nameLength):]))
	return name
}

// copyASCII writes the beginning of a text, as much as there is room for, and zeros behind it. It tells
// whether a letter or digit is among it.
func copyASCII(into []byte, text string) (telling bool) {
	letters := make([]byte, 0, 2*nameLength)
	for _, r := range text {
		if letters = appendASCII(letters, r); len(letters) >= len(into) {
			break
		}
	}
	clear(into[copy(into, letters):])
	for _, c := range into {
		telling = telling || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
	}
	return telling
}

// latin are the letters from U+00C0 to U+017F without their marks, as people write them where there is
// only ASCII; those that become two letters are in latinPairs.
const latin = "AAAAAA?CEEEEIIIIDNOOOOOxOUUUUY??aaaaaa?ceeeeiiiidnooooo?ouuuuy?y" +
	"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIi??JjKkkLlLlLlLlLlNnNnNnnNnOoOoOo??RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"

var latinPairs = map[rune]string{
	'Æ': "AE", 'æ': "ae", 'Œ': "OE", 'œ': "oe", 'ß': "ss", 'Þ': "Th", 'þ': "th", 'Ĳ': "IJ", 'ĳ': "ij",
	'–': "-", '—': "-", '‘': "'", '’': "'", '“': `"`, '”': `"`, '…': "...", '\u00a0': " ", '²': "2", '³': "3",
}

// appendASCII appends a character, or "?" where nobody would know what to write instead.
func appendASCII(letters []byte, r rune) []byte {
	const first = 'À'
	if pair, ok := latinPairs[r]; ok {
		return append(letters, pair...)
	}
	switch {
	case r >= ' ' && r <= '~':
		return append(letters, byte(r))
	case r >= first && r < first+rune(len(latin)):
		return append(letters, latin[r-first])
	}
	return append(letters, '?')
}
