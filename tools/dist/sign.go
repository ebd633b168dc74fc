package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// signature is what programs and packages for Windows are signed with; without a certificate they are not.
type signature struct {
	certificate, key string // PEM files
	authority        string // URL of whoever confirms the time (RFC 3161); without one it is that of the commit
}

// signatureOf reads from the environment what is to be signed with.
func signatureOf(variable func(string) string) (signature, error) {
	s := signature{variable("SIGN_CERT"), variable("SIGN_KEY"), variable("SIGN_TIMESTAMP")}
	if (s.certificate == "") != (s.key == "") {
		return s, errors.New("SIGN_CERT and SIGN_KEY belong together: name a certificate and its key, or neither")
	}
	if s.certificate == "" {
		return s, nil
	}
	for _, file := range []string{s.certificate, s.key} {
		if _, err := os.Stat(file); err != nil {
			return s, fmt.Errorf("looking for what is to be signed with: %w", err)
		}
	}
	if _, err := exec.LookPath("osslsigncode"); err != nil {
		return s, fmt.Errorf(`%w: on Debian "apt-get install osslsigncode" brings it; without SIGN_CERT nothing is signed`, err)
	}
	return s, nil
}

// sign signs a program or a package in its place, if there is something to sign with.
func (r *release) sign(file string) error {
	s := r.signature
	if s.certificate == "" {
		return nil
	}
	signed := file + ".signed"
	args := []string{"sign", "-certs", s.certificate, "-key", s.key, "-h", "sha256", "-n", "Butlr gateway", "-in", file, "-out", signed}
	if s.authority != "" {
		args = append(args, "-ts", s.authority)
	} else {
		args = append(args, "-time", fmt.Sprint(r.when.Unix()))
	}
	if err := r.command(nil, "osslsigncode", args...).Run(); err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	return os.Rename(signed, file)
}
