package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// selfSigned makes a certificate that may sign programs, and its key.
func selfSigned(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "sign.crt"), filepath.Join(dir, "sign.key")
	if err := errors.Join(
		os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// TestAProgramIsSigned. Seen to break it: what was signed left beside the program.
func TestAProgramIsSigned(t *testing.T) {
	if _, err := exec.LookPath("osslsigncode"); err != nil {
		t.Skip("osslsigncode is not installed")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "program.exe")
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", program, "main.go")
	build.Dir, build.Env = dir, append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	certificate, key := selfSigned(t)
	r := &release{root: ".", when: time.Unix(1e9, 0)}
	var err error
	r.signature, err = signatureOf(func(name string) string { return map[string]string{"SIGN_CERT": certificate, "SIGN_KEY": key}[name] })
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.sign(program); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("osslsigncode", "verify", "-CAfile", certificate, "-in", program).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("CN=a test")) {
		t.Errorf("%v\n%s", err, out)
	}
	if after, err := os.ReadFile(program); err != nil || len(after) <= len(before) {
		t.Errorf("%d bytes were signed, %d are there, %v", len(before), len(after), err)
	}
}

// TestWhatCannotBeSignedWith is said before anything is made. Seen to break it: half of what is needed taken for
// nothing, and files that are not there.
func TestWhatCannotBeSignedWith(t *testing.T) {
	certificate, key := selfSigned(t)
	for _, c := range []struct{ certificate, key, path, says string }{
		{certificate, "", "", "belong together"},
		{"", key, "", "belong together"},
		{certificate, "/nowhere/sign.key", "", "looking for what is to be signed with"},
		{certificate, key, t.TempDir(), "apt-get install osslsigncode"},
	} {
		if c.path != "" {
			t.Setenv("PATH", c.path)
		}
		_, err := signatureOf(func(name string) string {
			return map[string]string{"SIGN_CERT": c.certificate, "SIGN_KEY": c.key}[name]
		})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if s, err := signatureOf(func(string) string { return "" }); err != nil || s.certificate != "" {
		t.Errorf("nothing is to be signed: %+v, %v", s, err)
	}
}
