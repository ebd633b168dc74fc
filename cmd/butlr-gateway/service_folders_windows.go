package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/windows"

	"butlr-gateway/config"
	"butlr-gateway/packaging"
)

// Who may do what in a folder, whatever the one above it says: the system and administrators everything; the service
// reads where its configuration is, and writes and removes where its state and its logs are; nobody else sees anything.
const (
	toRead  = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;LS)"
	toWrite = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301ff;;;LS)"
)

// placeConfig writes the example where there is no configuration yet, and tells whether it did. A folder that it makes
// for it is protected.
func placeConfig(path string) (fresh bool, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if _, err := os.Stat(filepath.Dir(path)); errors.Is(err, fs.ErrNotExist) {
		if err := protectedFolder(filepath.Dir(path), toRead); err != nil {
			return false, err
		}
	}
	if err := os.WriteFile(path, packaging.Config, 0o600); err != nil {
		return false, fmt.Errorf("writing the example configuration: %w", err)
	}
	return true, nil
}

// protectFolders makes and protects the folders of a service: that of its configuration and its logs, if they are the
// usual ones, and that of its state, if one is named. Others' folders are left as they are.
func protectFolders(path, stateDir string) error {
	home := filepath.Dir(config.DefaultFile())
	if strings.EqualFold(filepath.Dir(path), home) {
		if err := errors.Join(protectedFolder(home, toRead), protectedFolder(filepath.Join(home, "logs"), toWrite)); err != nil {
			return err
		}
	}
	if stateDir == "" {
		return nil
	}
	if filepath.Dir(stateDir) == filepath.Clean(stateDir) {
		return fmt.Errorf("state_dir cannot be %s, a whole drive: name a folder of its own", stateDir)
	}
	return protectedFolder(stateDir, toWrite)
}

// protectedFolder makes a folder, and says who may do what in it and in all that is there already. It becomes the
// administrators', as every user may have made it.
func protectedFolder(dir, who string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	if err := protect(dir, who); err != nil {
		return fmt.Errorf("protecting %s: %w", dir, err)
	}
	return nil
}

func protect(path, who string) error {
	of, err := windows.SecurityDescriptorFromString(who)
	if err != nil {
		return err
	}
	list, _, err := of.DACL()
	if err != nil {
		return err
	}
	owner, _, err := of.Owner()
	if err != nil {
		return err
	}
	return windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, owner, nil, list, nil)
}
