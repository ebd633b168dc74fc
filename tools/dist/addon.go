package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// addonPrograms are the programs of Home Assistant's add-on: the name that the Supervisor has for the machine, and
// the platform.
var addonPrograms = []struct{ machine, label string }{{"aarch64", "linux_arm64"}, {"amd64", "linux_amd64"}}

// addonVersion stands in the add-on's configuration where the release's is to be.
const addonVersion = `version: "0.0.0"`

// addon packs the folder of Home Assistant's add-on, with the program for each machine, where all of them were made.
func (r *release) addon(made []platform) error {
	for _, p := range addonPrograms {
		if !slices.ContainsFunc(made, func(m platform) bool { return m.label == p.label }) {
			return nil
		}
	}
	file, err := os.Create(filepath.Join(r.out, "butlr-gateway_"+r.version+"_homeassistant.tar.gz"))
	if err != nil {
		return err
	}
	to := r.newTar(file)
	return errors.Join(r.fillAddon(to), to.Close(), file.Close())
}

func (r *release) fillAddon(to packer) error {
	const top = "butlr-gateway"
	for _, name := range []string{"config.yaml", "Dockerfile", "DOCS.md"} {
		text, err := os.ReadFile(filepath.Join(r.root, "packaging/homeassistant", name))
		if err != nil {
			return err
		}
		if name == "config.yaml" {
			if !bytes.Contains(text, []byte(addonVersion)) {
				return fmt.Errorf("the add-on's configuration has no line %s", addonVersion)
			}
			// It becomes the tag of an image, which cannot have a tilde.
			text = bytes.Replace(text, []byte("0.0.0"), []byte(strings.ReplaceAll(r.version, "~", "-")), 1)
		}
		if err := to.add(path.Join(top, name), 0o644, text); err != nil {
			return err
		}
	}
	for _, p := range addonPrograms {
		text, err := os.ReadFile(filepath.Join(r.stage, p.label, "butlr-gateway"))
		if err != nil {
			return err
		}
		if err := to.add(path.Join(top, "butlr-gateway-"+p.machine), 0o755, text); err != nil {
			return err
		}
	}
	return nil
}
