package mqtt

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxSlug bounds a level made of a name, in bytes.
const maxSlug = 64

// slug returns a name as a topic level: small letters a to z, digits and single dashes, without marks. It is ""
// for a name that has none of these, as in many scripts.
func slug(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range norm.NFKD.String(name) {
		r = unicode.ToLower(r)
		switch {
		case unicode.Is(unicode.Mn, r): // the mark of the letter before
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		case slugLetters[r] != "":
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteString(slugLetters[r])
		default:
			dash = true
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	text := b.String()
	return strings.TrimRight(text[:min(len(text), maxSlug)], "-")
}

// slugLetters are the letters of the Latin alphabets that are no other letter with a mark.
var slugLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'đ': "d", 'ð': "d", 'ħ': "h", 'ı': "i", 'ł': "l", 'ŋ': "n", 'þ': "th", 'ŧ': "t",
}
