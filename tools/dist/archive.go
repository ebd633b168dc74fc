package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// packed are the files that an archive has beside the program, by the platform.
var packed = map[string][]string{
	"linux":   {"README.md", "docs/*.md", "packaging/gateway.toml", "packaging/linux/butlr-gateway.service", "packaging/linux/examples/*.conf", "packaging/container/Containerfile"},
	"windows": {"README.md", "docs/*.md", "packaging/windows/gateway.toml"},
}

// packer adds files to an archive.
type packer interface {
	add(name string, mode os.FileMode, content []byte) error
	io.Closer
}

// archive packs a program and what belongs to it: a zip for Windows, else a compressed tar.
func (r *release) archive(p platform, program string) error {
	ending, open := ".tar.gz", r.newTar
	if p.os == "windows" {
		ending, open = ".zip", r.newZip
	}
	file, err := os.Create(filepath.Join(r.out, r.name(p)+ending))
	if err != nil {
		return err
	}
	to := open(file)
	return errors.Join(r.fill(to, p, program), to.Close(), file.Close())
}

func (r *release) fill(to packer, p platform, program string) error {
	top := r.name(p)
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := to.add(path.Join(top, filepath.Base(program)), 0o755, text); err != nil {
		return err
	}
	for _, pattern := range packed[p.os] {
		files, err := filepath.Glob(filepath.Join(r.root, pattern))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("there is no %s: %w", pattern, err)
		}
		slices.Sort(files)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(r.root, file)
			if err != nil {
				return err
			}
			name = strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(name), "packaging/"), "windows/")
			if err := to.add(path.Join(top, name), 0o644, text); err != nil {
				return err
			}
		}
	}
	return nil
}

type tarball struct {
	*tar.Writer
	gzip *gzip.Writer
	of   *release
}

func (r *release) newTar(w io.Writer) packer {
	z := gzip.NewWriter(w)
	return tarball{tar.NewWriter(z), z, r}
}

func (t tarball) add(name string, mode os.FileMode, content []byte) error {
	header := tar.Header{Name: name, Mode: int64(mode), Size: int64(len(content)), ModTime: t.of.when, Uname: "root", Gname: "root", Format: tar.FormatUSTAR}
	if err := t.WriteHeader(&header); err != nil {
		return err
	}
	_, err := t.Write(content)
	return err
}

func (t tarball) Close() error { return errors.Join(t.Writer.Close(), t.gzip.Close()) }

type zipped struct {
	*zip.Writer
	of *release
}

func (r *release) newZip(w io.Writer) packer { return zipped{zip.NewWriter(w), r} }

func (z zipped) add(name string, mode os.FileMode, content []byte) error {
	header := zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.of.when}
	header.SetMode(mode)
	w, err := z.CreateHeader(&header)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// writeSums writes the checksum of every file, as sha256sum does.
func writeSums(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), f.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}
