package butlr

import (
	"encoding/json"
	"log/slog"
	"strings"
	"unicode"
)

const hidden = "***"

// Secret is a text that only [Secret.Reveal] shows. However else it is printed it is "***", or nothing for the
// zero Secret, which is none.
type Secret struct {
	text *string // a pointer: where fmt cannot call String, as in a private field, it prints an address
}

// NewSecret returns text as a secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{&text}
}

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsSet tells whether there is a secret.
func (s Secret) IsSet() bool { return s.text != nil }

// Same tells whether two secrets are one.
func (s Secret) Same(other Secret) bool { return s.Reveal() == other.Reveal() }

// String returns "***".
func (s Secret) String() string {
	if s.text == nil {
		return ""
	}
	return hidden
}

// GoString returns "***".
func (s Secret) GoString() string { return s.String() }

// LogValue returns "***".
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns "***".
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalJSON takes a text; anything else is no secret.
func (s *Secret) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) != nil {
		word = ""
	}
	*s = NewSecret(word)
	return nil
}

const (
	shortestSecret = 4   // bytes: what is shorter stands in too many words
	longestSaid    = 300 // characters of what the API says that are repeated
)

// safe returns what the API said as it may be shown: without the secrets that it may have repeated, without what
// a terminal would obey, and not too long.
func safe(text string, secrets ...Secret) string {
	for _, s := range secrets {
		word := s.Reveal()
		if len(word) < shortestSecret {
			continue
		}
		text = strings.ReplaceAll(text, word, hidden)
		if quoted, err := json.Marshal(word); err == nil { // as JSON writes it
			text = strings.ReplaceAll(text, string(quoted[1:len(quoted)-1]), hidden)
		}
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if said := []rune(text); len(said) > longestSaid {
		text = string(said[:longestSaid]) + "…"
	}
	return strings.TrimSpace(text)
}
