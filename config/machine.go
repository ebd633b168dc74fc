package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Machine is what a configuration takes from the machine that it is read on. No field may be nil.
type Machine struct {
	// Variable returns an environment variable and whether it is set.
	Variable func(name string) (string, bool)
	// File returns what is in a file, and its mode, whose last three bits say what every user may do with it.
	File func(path string) ([]byte, fs.FileMode, error)
}

// ThisMachine returns the machine that the program runs on.
func ThisMachine() Machine { return Machine{Variable: os.LookupEnv, File: readFile} }

// maxFile is the most that is read of a file, in bytes: a building of 10 000 named assets needs 1 MB.
const maxFile = 16 << 20

// readFile reads a regular file: anything else, such as a pipe, could keep the reader for ever.
func readFile(path string) ([]byte, fs.FileMode, error) {
	if about, err := os.Stat(path); err != nil {
		return nil, 0, err
	} else if !about.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: errNoFile}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat() // of the file that is read, whatever the path has meant since
	if err != nil {
		return nil, 0, err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &fs.PathError{Op: "read", Path: path, Err: errTooLarge}
	}
	return text, modeOf(file, about), err
}

var (
	errNoFile   = errors.New("it is a folder, a pipe or a device, and not a file")
	errTooLarge = errors.New("it has more than 16 MiB")
)

// HomeVariable names the environment variable of a folder that has everything: the configuration, and the state
// below it. Containers set it to the one folder that is kept.
const HomeVariable = "BUTLR_GATEWAY_HOME"

// DefaultFile returns where the configuration lies unless the operator says otherwise.
func DefaultFile() string {
	if home := os.Getenv(HomeVariable); home != "" {
		return filepath.Join(home, "gateway.toml")
	}
	if runtime.GOOS == "windows" {
		return filepath.Join(programData(), "gateway.toml")
	}
	return "/etc/butlr-gateway/gateway.toml"
}

// defaultStateDir returns where the gateway keeps its state unless the operator says otherwise.
func defaultStateDir() Path {
	if home := os.Getenv(HomeVariable); home != "" {
		return Path(filepath.Join(home, "state"))
	}
	if runtime.GOOS == "windows" {
		return Path(filepath.Join(programData(), "state"))
	}
	return "/var/lib/butlr-gateway"
}

func programData() string {
	folder := os.Getenv("ProgramData")
	if folder == "" {
		folder = `C:\ProgramData`
	}
	return filepath.Join(folder, "butlr-gateway")
}
