package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const hidden = "***"

// Secret is a text that only [Secret.Reveal] shows. However else it is printed, the text does not appear:
// it is "***", or nothing for the zero Secret, which is none.
type Secret struct {
	text *string // a pointer: where fmt cannot call String, as in a private field, it prints an address
}

// NewSecret returns text as a secret.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
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

// Webhook secrets: whoever can guess one can switch a building's lights and ventilation.
const (
	secretLength    = 22 // characters: 128 bits of base64
	secretDifferent = 10 // different characters among them
	secretHint      = makeSecret
)

// weakness says why a secret could be guessed, or nil.
func weakness(s Secret) *fault {
	text := s.Reveal()
	different := map[rune]bool{}
	for _, r := range text {
		different[r] = true
	}
	switch n := len([]rune(text)); {
	case n < secretLength:
		return &fault{message: fmt.Sprintf("has %d characters, and at least %d are needed", n, secretLength), hint: secretHint}
	case len(different) < secretDifferent:
		return &fault{message: fmt.Sprintf("has %d different characters, and at least %d are needed", len(different), secretDifferent), hint: secretHint}
	}
	return nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// secretFrom finds the secret that text means: "env:NAME", "file:PATH", or the text itself.
func secretFrom(text string, machine Machine) (Secret, *fault) {
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		return secretFromVariable(name, machine)
	}
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		return secretFromFile(path, machine)
	}
	return NewSecret(text), nil
}

// saysWhere tells whether text names a variable or a file that a secret may be in, rather than being one.
func saysWhere(text string) bool {
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		return variableName.MatchString(name)
	}
	path, ok := strings.CutPrefix(text, "file:")
	return ok && filepath.IsAbs(path) && plain(path) == nil
}

func secretFromVariable(name string, machine Machine) (Secret, *fault) {
	if !variableName.MatchString(name) {
		return Secret{}, &fault{
			message: `does not name an environment variable after "env:"`,
			hint:    `write "env:" and the variable's name, as in "env:BUTLR_WEBHOOK_KEY"`,
		}
	}
	text, ok := machine.Variable(name)
	if !ok || text == "" {
		return Secret{}, &fault{
			value:   strconv.Quote("env:" + name),
			message: "names an environment variable that is " + map[bool]string{true: "empty", false: "not set"}[ok],
			hint:    "set " + name + ` for the service, or keep the secret in a file and write "file:" and its path`,
		}
	}
	return NewSecret(text), nil
}

func secretFromFile(path string, machine Machine) (Secret, *fault) {
	if !filepath.IsAbs(path) {
		return Secret{}, &fault{
			message: `does not give the whole path of a file after "file:"`,
			hint:    `write "file:" and a path from the root, as in "file:/etc/butlr-gateway/webhook.key"`,
		}
	}
	if bad := plain(path); bad != nil {
		return Secret{}, bad
	}
	quoted := strconv.Quote("file:" + path)
	text, mode, err := machine.File(path)
	switch {
	case err != nil:
		return Secret{}, &fault{
			value:   quoted,
			message: "cannot be read: " + reason(err),
			hint:    "the file must exist, and the user that the gateway runs as must be able to read it",
		}
	case openToOthers(mode):
		return Secret{}, &fault{
			value:   quoted,
			message: "names a file that every user of this machine can use",
			hint:    closing(path),
		}
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" || strings.ContainsAny(secret, "\r\n") {
		return Secret{}, &fault{value: quoted, message: "names a file that does not have one line", hint: "put the secret on its only line"}
	}
	return NewSecret(secret), nil
}

// reason returns an error without the path, for where the path is said already.
func reason(err error) string {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err
	}
	return err.Error()
}

// openToOthers tells whether users who are neither the file's owner nor in its group may use the file.
func openToOthers(mode fs.FileMode) bool { return mode.Perm()&0o007 != 0 }
