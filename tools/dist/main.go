// Command dist makes what is given to customers: for each platform an archive and packages, with the
// list of the modules in the program and the checksums of everything. Equal sources give equal bytes, wherever and
// whenever they are built: times are those of the commit.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// platform is what a program is built for.
type platform struct {
	os, arch string
	arm      string // GOARM
	label    string // in the names of archives
	packages string // nfpm's name of the architecture
}

var platforms = []platform{
	{os: "linux", arch: "amd64", label: "linux_amd64", packages: "amd64"},
	{os: "linux", arch: "arm64", label: "linux_arm64", packages: "arm64"},
	{os: "linux", arch: "arm", arm: "7", label: "linux_armv7", packages: "arm7"},
	{os: "windows", arch: "amd64", label: "windows_amd64"},
}

func main() {
	version := flag.String("version", "", "the release; without it, one made of the commit")
	out := flag.String("out", "dist", "the folder for what is made; it is emptied first")
	only := flag.String("only", "", "platforms to make, as linux_amd64,windows_amd64; without it, all")
	root := flag.String("root", "..", "the sources")
	flag.Parse()
	if err := run(*root, *out, *version, *only); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(root, out, version, only string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	r, err := newRelease(root, out, version)
	if err != nil {
		return err
	}
	if r.signature, err = signatureOf(os.Getenv); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	if r.stage, err = os.MkdirTemp("", "dist"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(r.stage) }()
	var made []platform
	for _, p := range platforms {
		if only != "" && !slices.Contains(strings.Split(only, ","), p.label) {
			continue
		}
		if p.os == "windows" {
			if err := packageTools(); err != nil {
				return fmt.Errorf("making %s: %w", p.label, err)
			}
		}
		if err := r.make(p); err != nil {
			return fmt.Errorf("making %s: %w", p.label, err)
		}
		made = append(made, p)
	}
	if err := r.addon(made); err != nil {
		return fmt.Errorf("making the add-on: %w", err)
	}
	return writeSums(out)
}

// release is what is being made.
type release struct {
	root, out string
	stage     string // where programs lie until they are packed
	version   string // as packages and archives have it
	when      time.Time
	signature signature
}

// newRelease finds out which commit the sources are.
func newRelease(root, out, version string) (*release, error) {
	r := &release{root: root, out: out, version: version}
	shown, err := r.git("show", "-s", "--format=%ct %h", "--abbrev=12", "HEAD")
	if err != nil {
		return nil, err
	}
	var seconds int64
	var commit string
	if _, err := fmt.Sscan(shown, &seconds, &commit); err != nil {
		return nil, fmt.Errorf("reading when the commit was made from %q: %w", shown, err)
	}
	r.when = time.Unix(seconds, 0).UTC()
	if r.version == "" {
		r.version = "0.1.0~" + r.when.Format("20060102150405") + "." + commit
	}
	if strings.ContainsAny(r.version, " /-_") {
		return nil, fmt.Errorf("a package cannot have the version %q: write 1.2.3, or 1.2.3~rc1", r.version)
	}
	return r, nil
}

func (r *release) git(args ...string) (string, error) {
	out, err := exec.Command("git", append([]string{"-C", r.root}, args...)...).Output()
	if err != nil {
		return "", fmt.Errorf("asking git: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// make builds the program for one platform and packs it in every way.
func (r *release) make(p platform) error {
	dir := filepath.Join(r.stage, p.label)
	program := filepath.Join(dir, "butlr-gateway")
	if p.os == "windows" {
		program += ".exe"
	}
	build := r.command([]string{"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOARM=" + p.arm},
		"go", "build", "-trimpath", "-gcflags", "github.com/nats-io/nats-server/v2/server=-l", // as in the Makefile, which says why
		"-ldflags", "-s -w -buildid= -X main.version="+r.version, "-o", program, "./cmd/butlr-gateway")
	if err := build.Run(); err != nil {
		return fmt.Errorf("building: %w", err)
	}
	if p.os == "windows" {
		if err := r.sign(program); err != nil {
			return err
		}
	}
	if err := r.archive(p, program); err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	parts := r.command(nil, "go", "tool", "-modfile=tools/go.mod", "cyclonedx-gomod", "bin", "-json", "-noserial", "-notimestamp",
		"-version", r.version, "-output", filepath.Join(r.out, r.name(p)+".cdx.json"), program)
	if err := parts.Run(); err != nil {
		return fmt.Errorf("listing the modules: %w", err)
	}
	if p.os == "windows" {
		if err := r.msi(p, program); err != nil {
			return fmt.Errorf("making the package: %w", err)
		}
		return nil
	}
	for _, kind := range []string{"deb", "rpm"} {
		pack := r.command([]string{"ARCH=" + p.packages, "VERSION=" + r.version, "STAGE=" + dir},
			"go", "tool", "-modfile=tools/go.mod", "nfpm", "package", "--config", "packaging/linux/nfpm.yaml", "--packager", kind, "--target", r.out)
		if err := pack.Run(); err != nil {
			return fmt.Errorf("making the %s: %w", kind, err)
		}
	}
	return nil
}

// name is that of an archive, without its ending.
func (r *release) name(p platform) string { return "butlr-gateway_" + r.version + "_" + p.label }

// command returns a command that runs in the sources, and shows what it says.
func (r *release) command(variables []string, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = r.root
	c.Env = append(os.Environ(), append(variables, fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.when.Unix()))...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	return c
}
