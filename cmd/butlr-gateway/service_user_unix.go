//go:build !windows

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// ownUser returns the group of the user that the service runs as. What there is not of the two is made.
func ownUser(home string) (group int, err error) {
	if _, err := user.LookupGroup(serviceName); err != nil {
		if err := systemCommand("groupadd", "--system", serviceName); err != nil {
			return 0, err
		}
	}
	if _, err := user.Lookup(serviceName); err != nil {
		if err := systemCommand("useradd", "--system", "--gid", serviceName, "--no-create-home", "--home-dir", home, "--shell", "/usr/sbin/nologin", serviceName); err != nil {
			return 0, err
		}
	}
	of, err := user.LookupGroup(serviceName)
	if err != nil {
		return 0, fmt.Errorf("making the group %s: %w", serviceName, err)
	}
	return strconv.Atoi(of.Gid)
}

// systemCommand runs a command of the system, and says what it said if it fails.
func systemCommand(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("running %s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// letRead gives root's configuration to the service's group, unless everybody may read it.
func letRead(path string, group int) error {
	about, err := os.Stat(path)
	if err != nil {
		return err
	}
	of, ok := about.Sys().(*syscall.Stat_t)
	if !ok || of.Gid != 0 || about.Mode()&0o004 != 0 {
		return nil
	}
	if err := errors.Join(os.Chown(path, -1, group), os.Chmod(path, about.Mode().Perm()|0o040)); err != nil {
		return fmt.Errorf("letting the service read %s: %w", path, err)
	}
	return nil
}

// giveDirectory makes a state directory that is not the usual one, for the service's user.
func giveDirectory(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the state directory: %w", err)
	}
	return systemCommand("chown", "-R", serviceName+":"+serviceName, dir)
}
