package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite what the scripts expect")

// TestScripts runs the scripts, which show what an operator types and what the program answers. Beside
// the usual commands of testscript they have:
//
//	butlr-gateway ARGS…            run the program, which must exit 0
//	exits CODE ARGS…               run the program, which must exit with that code
//	start NAME ARGS…               run it in the background; its output is in NAME.stdout and NAME.stderr
//	await FILE PATTERN             wait until a file has a match
//	asked DIR                      wait until the gateway on that state directory answers, and set
//	                               $WEBHOOK, $MODBUS and $PAGE to its addresses
//	interrupt NAME LIMIT           send SIGINT; it must exit 0 before the limit
//	expand FILE…                   put variables into files, and keep others from reading them
//	certificate CERT KEY           write a certificate for localhost and its key
//	post FILE                      post a body to $WEBHOOK with the secret $SECRET; it must be accepted
//	occupy ADDRESS…                see to it that the addresses are taken; those with port 0 become $TAKEN
//	empty DIR                      nothing is in a directory
//	empty-file FILE                nothing is in a file
//	edit FILE OLD NEW              change a text that is in a file once
//	pasted FILE COMMAND ARGS…      run the line of a file from the command on, as a shell does, with more arguments
//
// those about Butlr's API (see butlrCommands), the variables $SECRET, which is good enough for a webhook, $NOW,
// in milliseconds, $SHIPPED, the configuration that comes with the program, and $PROGRAM, for what only exec can
// do, and the conditions
// [root], for the user that may do everything, [lowports], for one who may open ports below 1024, and
// [mbpoll] and [mosquitto_sub], where they are installed.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv(asProgram, "1")
			e.Values[backgroundKey{}] = map[string]*background{}
			e.Values[apiKey{}] = new(scriptAPI)
			e.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0") // else every process waits for a second
			e.Setenv("SECRET", testSecret)
			e.Setenv("D", "$") // for what expand is to leave as it is
			shipped, err := filepath.Abs(filepath.Join("..", "..", "packaging", "gateway.toml"))
			if err != nil {
				return err
			}
			e.Setenv("SHIPPED", shipped)
			program, err := os.Executable()
			if err != nil {
				return err
			}
			e.Setenv("PROGRAM", program)
			e.Setenv("NOW", strconv.FormatInt(time.Now().UnixMilli(), 10))
			return nil
		},
		Condition: scriptCondition,
		Cmds: withButlr(map[string]func(*testscript.TestScript, bool, []string){
			"butlr-gateway": func(ts *testscript.TestScript, neg bool, args []string) { mustExit(ts, neg, "0", args) },
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				mustExit(ts, neg, args[0], args[1:])
			},
			"start": startInBackground, "await": awaitMatch, "asked": askGateway, "interrupt": interruptWithin,
			"expand": expandFiles, "certificate": writeCertificate, "post": postFile, "occupy": occupyPorts,
			"empty": mustBeEmpty, "empty-file": mustBeEmptyFile, "edit": editFile, "pasted": runPasted,
		}),
	})
}

func scriptCondition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "lowports":
		l, err := net.Listen("tcp", "127.0.0.1:1")
		if err == nil {
			err = l.Close()
		}
		return !errors.Is(err, fs.ErrPermission), nil
	case "mbpoll", "mosquitto_sub":
		_, err := exec.LookPath(name)
		return err == nil || os.Getenv("CI") == "true", nil // where nothing may be skipped, its absence is a failure
	}
	return false, fmt.Errorf("there is no condition %q", name)
}

// command returns the program with arguments, as the script would start it.
func command(ctx context.Context, ts *testscript.TestScript, args []string) *exec.Cmd {
	self, err := os.Executable()
	ts.Check(err)
	c := exec.CommandContext(ctx, self, args...)
	c.Dir, c.Env = ts.MkAbs("."), append(os.Environ(), asProgram+"=1")
	for _, name := range []string{"TMPDIR", "GORACE", "BUTLR_WEBHOOK_KEY"} {
		if value := ts.Getenv(name); value != "" {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	return c
}

func mustExit(ts *testscript.TestScript, neg bool, code string, args []string) {
	if neg {
		ts.Fatalf("say which code it exits with: exits CODE ARGS…")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience) // it may run where it should refuse to
	defer cancel()
	c := command(ctx, ts, args)
	c.Stdout, c.Stderr = ts.Stdout(), ts.Stderr()
	err := c.Run()
	if got := strconv.Itoa(exitCode(err)); got != code {
		ts.Fatalf("exit code %s, want %s: %v", got, code, err)
	}
}

// background is a program that a script started.
type background struct {
	process *exec.Cmd
	ended   chan error
}

// backgroundKey finds the background programs among the values of a script.
type backgroundKey struct{}

func startInBackground(ts *testscript.TestScript, _ bool, args []string) {
	name := args[0]
	c := command(context.Background(), ts, args[1:])
	for stream, into := range map[string]*io.Writer{"stdout": &c.Stdout, "stderr": &c.Stderr} {
		f, err := os.Create(ts.MkAbs(name + "." + stream))
		ts.Check(err)
		ts.Defer(func() { _ = f.Close() })
		*into = f
	}
	ts.Check(c.Start())
	b := &background{c, make(chan error, 1)}
	go func() { b.ended <- c.Wait() }()
	ts.Defer(func() { _ = c.Process.Kill() })
	running(ts)[name] = b
}

// running are the programs that a script has started.
func running(ts *testscript.TestScript) map[string]*background {
	return ts.Value(backgroundKey{}).(map[string]*background)
}

func interruptWithin(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := time.ParseDuration(args[1])
	ts.Check(err)
	b := running(ts)[args[0]]
	begin := time.Now()
	ts.Check(b.process.Process.Signal(os.Interrupt))
	select {
	case err := <-b.ended:
		if err != nil {
			ts.Fatalf("it ended with %v\n%s", err, ts.ReadFile(args[0]+".stderr"))
		}
		if took := time.Since(begin); took > limit {
			ts.Fatalf("it ended after %s", took)
		}
	case <-time.After(patience):
		ts.Fatalf("it does not end")
	}
}

// awaitTrue waits until done returns true; otherwise why it failed is in what done returned last.
func awaitTrue(ts *testscript.TestScript, done func() (why string, ok bool)) {
	for deadline := time.Now().Add(patience); ; waitABit() {
		why, ok := done()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s", why)
		}
	}
}

func awaitMatch(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile("(?m)" + args[1])
	awaitTrue(ts, func() (string, bool) {
		text := ts.ReadFile(args[0])
		return "no match in:\n" + text, pattern.MatchString(text)
	})
}

func askGateway(ts *testscript.TestScript, _ bool, args []string) {
	awaitTrue(ts, func() (string, bool) {
		status, err := askStatus(context.Background(), ts.MkAbs(args[0]))
		if err != nil {
			return err.Error(), false
		}
		for _, l := range status.Listeners {
			if name, ok := map[string]string{"webhook": "WEBHOOK", "Modbus TCP": "MODBUS", "page": "PAGE"}[l.What]; ok {
				ts.Setenv(name, l.Address)
			}
		}
		return "", true
	})
}

func postFile(ts *testscript.TestScript, _ bool, args []string) {
	request, err := http.NewRequest(http.MethodPost, ts.Getenv("WEBHOOK"), strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(err)
	request.Header.Set("X-Api-Key", ts.Getenv("SECRET"))
	response, err := (&http.Client{Timeout: patience}).Do(request)
	ts.Check(err)
	ts.Check(response.Body.Close())
	if response.StatusCode != http.StatusNoContent {
		ts.Fatalf("answered %s", response.Status)
	}
}

func expandFiles(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		path := ts.MkAbs(name)
		ts.Check(os.WriteFile(path, []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
		ts.Check(os.Chmod(path, 0o600))
	}
}

func writeCertificate(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(makeCertificate(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
}

// testCertificate returns the paths of a certificate for localhost and its key.
func testCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := makeCertificate(cert, key); err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func makeCertificate(certFile, keyFile string) error {
	return makeCertificateFor(90*24*time.Hour, certFile, keyFile)
}

// makeCertificateFor writes one that ends after so long.
func makeCertificateFor(left time.Duration, certFile, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(left),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
}

// occupyPorts takes the addresses until the script ends. One that another program has is taken already.
func occupyPorts(ts *testscript.TestScript, _ bool, args []string) {
	for _, address := range args {
		l, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		ts.Check(err)
		ts.Defer(func() { _ = l.Close() })
		if strings.HasSuffix(address, ":0") {
			ts.Setenv("TAKEN", l.Addr().String())
		}
	}
}

func mustBeEmpty(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) > 0 {
		ts.Fatalf("%s has %v", args[0], entries)
	}
}

func mustBeEmptyFile(ts *testscript.TestScript, _ bool, args []string) {
	if text := ts.ReadFile(args[0]); text != "" {
		ts.Fatalf("%s has:\n%s", args[0], text)
	}
}

func editFile(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if n := strings.Count(text, args[1]); n != 1 {
		ts.Fatalf("%q is %d times in %s", args[1], n, args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o600))
}

// runPasted runs a line that was printed to be pasted. Without the tool the script ends there, but not in CI.
func runPasted(ts *testscript.TestScript, _ bool, args []string) {
	file, tool := args[0], args[1]
	line := regexp.MustCompile(regexp.QuoteMeta(tool) + " .*").FindString(ts.ReadFile(file))
	ts.Check(ts.Exec("sh", "-c", strings.Join(append([]string{line}, args[2:]...), " ")))
}
