package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// packageTools tells which tools for packages for Windows are missing, and how they are had.
func packageTools() error {
	for _, tool := range []string{"wixl", "msibuild"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf(`%w: on Debian "apt-get install wixl msitools" brings it; ONLY=linux_amd64 makes what does not need it`, err)
		}
	}
	return nil
}

// installer is what the package's definition is filled with.
type installer struct {
	Product     string // another one for each content: Windows knows packages by it
	Version     string // three numbers, which is all that Windows compares
	Release     string // as people know it
	Documents   []string
	packageCode string
}

// msi makes the package for Windows of a program.
func (r *release) msi(p platform, program string) error {
	dir := filepath.Dir(program)
	of, err := r.installer(dir, program)
	if err != nil {
		return err
	}
	definition, err := of.definition(filepath.Join(r.root, "packaging", "windows", "butlr-gateway.wxs"))
	if err != nil {
		return err
	}
	wxs, file := filepath.Join(dir, "butlr-gateway.wxs"), filepath.Join(r.out, r.name(p)+".msi")
	if err := os.WriteFile(wxs, definition, 0o644); err != nil {
		return err
	}
	wixl := r.command(nil, "wixl", "--arch", "x64", "--output", file, wxs)
	wixl.Dir = dir // where it looks first, and the sources have files of the same names, with other dates
	if err := wixl.Run(); err != nil {
		return fmt.Errorf("running wixl: %w", err)
	}
	if err := r.finish(file, dir, of); err != nil {
		return err
	}
	return r.sign(file)
}

// installer collects the files, with the time of the commit, which the cabinet notes.
func (r *release) installer(dir, program string) (*installer, error) {
	numbers := regexp.MustCompile(`^\d{1,3}\.\d{1,3}\.\d{1,5}`).FindString(r.version)
	if numbers == "" {
		return nil, fmt.Errorf("a package for Windows cannot have the version %q: begin it with three numbers, as 1.2.3", r.version)
	}
	of := &installer{Version: numbers, Release: r.version}
	sum := sha256.New()
	fmt.Fprintln(sum, r.version)
	take := func(path, name string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(text))
		to := filepath.Join(dir, name)
		return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, text, 0o644), os.Chtimes(to, r.when, r.when))
	}
	windows := filepath.Join(r.root, "packaging", "windows")
	err := errors.Join(take(program, filepath.Base(program)), take(filepath.Join(windows, "gateway.toml"), "gateway.toml"),
		take(filepath.Join(r.root, "README.md"), "README.md"), take(filepath.Join(windows, "butlr-gateway.wxs"), "definition"))
	if err != nil {
		return nil, err
	}
	documents, err := filepath.Glob(filepath.Join(r.root, "docs", "*.md"))
	if err != nil || len(documents) == 0 {
		return nil, fmt.Errorf("there are no documents: %w", err)
	}
	slices.Sort(documents)
	for _, d := range documents {
		name := filepath.Base(d)
		if err := take(d, filepath.Join("docs", name)); err != nil {
			return nil, err
		}
		of.Documents = append(of.Documents, name)
	}
	content := sum.Sum(nil)
	of.Product, of.packageCode = guid(content, "product"), guid(content, "package")
	return of, nil
}

// guid makes of a content, and what for, a number that nothing else has: see RFC 9562, version 8.
func guid(content []byte, what string) string {
	b := sha256.Sum256(append([]byte(what+" of butlr-gateway\n"), content...))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}

// definition fills in the package's definition.
func (of *installer) definition(file string) ([]byte, error) {
	t, err := template.ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Option("missingkey=error").Execute(&out, of); err != nil {
		return nil, err
	}
	if err := xml.Unmarshal(out.Bytes(), new(struct{})); err != nil {
		return nil, fmt.Errorf("filling in %s: %w", file, err)
	}
	return out.Bytes(), nil
}

// finish says in the package's tables what wixl has no words for:
//   - the configuration is kept when it is edited, and when the package is removed (Permanent, NeverOverwrite, 64 bit);
//   - the version before is removed first, within the same transaction, so that a program which no version is written
//     into is replaced whatever its date is;
//   - another build of the same version replaces the one that is installed, rather than standing beside it;
//   - equal content has the same package code and dates.
func (r *release) finish(file, dir string, of *installer) error {
	const upgradeCode = "{8C1B5A2E-7B0D-4C1C-9E57-6D3C53A8F2B4}"
	for _, query := range []string{
		"UPDATE `Component` SET `Attributes`=400 WHERE `Component`='Configuration'",
		"UPDATE `InstallExecuteSequence` SET `Sequence`=1501 WHERE `Action`='RemoveExistingProducts'",
		"UPDATE `File` SET `Version`='" + of.Version + ".0' WHERE `File`='Executable'",
		"DELETE FROM `Upgrade` WHERE `ActionProperty`='WIX_UPGRADE_DETECTED'",
		"INSERT INTO `Upgrade` (`UpgradeCode`,`VersionMax`,`Attributes`,`ActionProperty`) VALUES ('" + upgradeCode + "','" + of.Version + "',513,'WIX_UPGRADE_DETECTED')",
	} {
		if err := r.command(nil, "msibuild", file, "-q", query).Run(); err != nil {
			return fmt.Errorf("changing the package with %q: %w", query, err)
		}
	}
	const date = "2006/01/02 15:04:05"
	about := filepath.Join(dir, "about.idt")
	text := fmt.Sprintf("PropertyId\tValue\r\ni2\tl255\r\n_SummaryInformation\tPropertyId\r\n9\t{%s}\r\n12\t%s\r\n13\t%s\r\n",
		of.packageCode, r.when.Format(date), r.when.Format(date))
	if err := os.WriteFile(about, []byte(text), 0o644); err != nil {
		return err
	}
	if err := r.command(nil, "msibuild", file, "-i", about).Run(); err != nil {
		return fmt.Errorf("saying what the package is: %w", err)
	}
	return nil
}
