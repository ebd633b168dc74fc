//go:build !windows

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	osservice "github.com/kardianos/service"
	"github.com/spf13/cobra"

	"butlr-gateway/packaging"
)

const whereItSaysWhy = `"journalctl -u butlr-gateway" says why`

// packagedUnits are where packages put the unit.
var packagedUnits = []string{"/usr/lib/systemd/system/butlr-gateway.service", "/lib/systemd/system/butlr-gateway.service"}

// serviceFlag adds nothing: systemd runs "run".
func serviceFlag(*cobra.Command) func() bool { return func() bool { return false } }

// serviceCommandsHere adds none.
func serviceCommandsHere() []*cobra.Command { return nil }

func startService(s osservice.Service) error   { return s.Start() }
func stopService(s osservice.Service) error    { return s.Stop() }
func restartService(s osservice.Service) error { return s.Restart() }

// runAsService is never called.
func runAsService(string) error { return errors.New("there are no such services here") }

// hasManager tells why there is no service manager that is known.
func hasManager() error {
	if osservice.Platform() != "linux-systemd" {
		return errors.New(`this machine has no systemd: have what starts its services run "butlr-gateway run"`)
	}
	return nil
}

// packagedUnit returns the unit that a package brought; "" if none did.
func packagedUnit(units []string) string {
	for _, unit := range units {
		if _, err := os.Stat(unit); err == nil {
			return unit
		}
	}
	return ""
}

// installedUnit is where the unit is put.
const installedUnit = "/etc/systemd/system/butlr-gateway.service"

func mayInstall() error {
	if unit := packagedUnit(packagedUnits); unit != "" {
		return fmt.Errorf(`a package has installed the service already (%s), and a second unit would hide it from the package's upgrades: use "systemctl enable --now butlr-gateway"`, unit)
	}
	if err := hasManager(); err != nil {
		return err
	}
	if to, err := os.Readlink(installedUnit); err == nil && to == os.DevNull {
		return errors.New(`the unit is masked, as a package leaves it that was removed: "systemctl unmask butlr-gateway" first`)
	}
	return asRoot("installing")
}

func mayUninstall() error {
	if unit := packagedUnit(packagedUnits); unit != "" {
		return fmt.Errorf(`the service belongs to a package (%s): remove that, with "apt remove butlr-gateway" or "dnf remove butlr-gateway"`, unit)
	}
	return asRoot("taking away")
}

func asRoot(doing string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%s the service needs root: use sudo", doing)
	}
	return nil
}

// hiddenPlaces are those that the unit hides from the service.
var hiddenPlaces = []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"}

// reachable tells why the service would not find a file.
func reachable(path string) error {
	for _, place := range hiddenPlaces {
		if strings.HasPrefix(path, place) {
			return fmt.Errorf("%s cannot be used: the service does not see what lies below %s; put the program into /usr/local/bin, the configuration into /etc/butlr-gateway, the state below /var/lib", path, strings.TrimSuffix(place, "/"))
		}
	}
	return nil
}

// placeConfig writes the example where there is no configuration yet, and tells whether it did.
func placeConfig(path string) (fresh bool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, fmt.Errorf("making a place for the configuration: %w", err)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err == nil {
		_, err = file.Write(packaging.Config)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return false, fmt.Errorf("writing the example configuration: %w", err)
	}
	return true, nil
}

// installOn makes the user, gives it what it must read, and hands the unit to systemd.
func installOn(program, path, stateDir string) error {
	group, err := ownUser(stateDir)
	if err != nil {
		return err
	}
	if err := letRead(path, group); err != nil {
		return err
	}
	if stateDir != packagedState {
		if err := giveDirectory(stateDir); err != nil {
			return err
		}
	}
	unit, err := unitFor(program, path, stateDir)
	if err != nil {
		return err
	}
	s, err := theService(osservice.Config{Option: osservice.KeyValue{"SystemdScript": unit}})
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		left := os.Remove(installedUnit)
		return errors.Join(fmt.Errorf("installing the unit: %w", err), left)
	}
	return nil
}

// The paths in the packaged unit.
const (
	packagedProgram = "/usr/bin/butlr-gateway"
	packagedConfig  = "/etc/butlr-gateway/gateway.toml"
	packagedState   = "/var/lib/butlr-gateway"
)

// unitFor returns the packaged unit with other paths in it.
func unitFor(program, path, stateDir string) (string, error) {
	words := make([]string, 3)
	for i, word := range []string{program, path, stateDir} {
		if !filepath.IsAbs(word) || strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r == '{' || r == '}' }) {
			return "", fmt.Errorf("systemd cannot be given the path %q: use plain names", word)
		}
		words[i] = unitWord(word)
	}
	unit := strings.ReplaceAll(packaging.Unit, packagedProgram+" ", words[0]+" ")
	unit = strings.ReplaceAll(unit, packagedConfig+"\n", words[1]+"\n")
	if stateDir != packagedState {
		unit = strings.Replace(unit, "StateDirectory=butlr-gateway\nStateDirectoryMode=0750\n", "ReadWritePaths="+words[2]+"\n", 1)
	}
	return unit, nil
}

var unitEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`)

// unitWord writes a path so that systemd reads it as one word.
func unitWord(path string) string {
	word := unitEscapes.Replace(path)
	if word != path || strings.ContainsAny(path, " '") {
		return `"` + word + `"`
	}
	return word
}

// serviceState asks systemd how the service is, and what there is to add.
func serviceState() (serviceCondition, string, error) {
	if err := hasManager(); err != nil {
		return 0, "", err
	}
	out, err := exec.Command("systemctl", "show", "--property=LoadState,ActiveState,SubState,Result,NRestarts", serviceName).Output()
	if err != nil {
		return 0, "", fmt.Errorf("asking systemd for the service: %w", err)
	}
	state, more := conditionOf(string(out))
	return state, more, nil
}

// conditionOf reads the properties that systemctl shows. A service that is between two tries has failed.
func conditionOf(shown string) (serviceCondition, string) {
	lines := strings.Split(shown, "\n")
	of := func(property string) string {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, property+"=") })
		if i < 0 {
			return ""
		}
		return strings.TrimPrefix(lines[i], property+"=")
	}
	switch {
	case of("LoadState") == "not-found", of("LoadState") == "masked":
		return serviceMissing, ""
	case of("ActiveState") == "failed":
		return serviceFailed, " (" + of("Result") + ")"
	case of("SubState") == "auto-restart":
		return serviceFailed, " (" + of("Result") + "; it was tried " + of("NRestarts") + " times, and will be again)"
	case of("ActiveState") == "inactive":
		return serviceStopped, ""
	}
	return serviceRunning, ""
}
