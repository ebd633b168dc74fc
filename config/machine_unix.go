//go:build !windows

package config

import (
	"io/fs"
	"os"
	"strings"
)

// How a secret is made here.
const (
	makeSecret   = `make one with "openssl rand -base64 24"`
	makePassword = `make one with "openssl rand -base64 12"`
)

// modeOf returns the mode of a file that is open.
func modeOf(_ *os.File, about fs.FileInfo) fs.FileMode { return about.Mode() }

// closing is the command that closes a file to other users.
func closing(path string) string { return "chmod o-rwx " + shellWord(path) }

// shellWord quotes a path so that it can be pasted into a shell.
func shellWord(path string) string {
	if !strings.ContainsAny(path, " \t\n\"'\\$&;()<>|*?`#~![]{}") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
