//go:build unix

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sshServer is the far end of a tunnel: OpenSSH's own, for one user who may do nothing but that.
type sshServer struct {
	t            *testing.T
	dir, program string
	port, user   string
	as           *syscall.SysProcAttr // who it runs as; nil is who runs the test
}

// newSSHServer makes keys, and the files of the page for a tunnel to a port.
func newSSHServer(t *testing.T, far string) *sshServer {
	t.Helper()
	s := &sshServer{t: t, program: tool(t, "sshd"), port: freePort(t)}
	keygen := tool(t, "ssh-keygen")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if s.dir, err = os.MkdirTemp("", "tunnel"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.dir) })
	if s.user = me.Username; os.Getuid() == 0 { // as root it would want a user of its own, and a folder below /run
		if me, err = user.Lookup("daemon"); err != nil {
			t.Skip(err)
		}
		s.user = "daemon"
	}
	for _, name := range []string{"host", "key"} {
		if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(s.dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("making a key: %v\n%s", err, out)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(text))[:2], " ")
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("authorized_keys", replaced(t, example(t, "authorized_keys"), "127.0.0.1:8443", "127.0.0.1:"+far, "ssh-ed25519 AAAA…", read("key.pub")))
	write("known_hosts", "[127.0.0.1]:"+s.port+" "+read("host.pub"))
	write("sshd_config", fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %[2]s/host\nAuthorizedKeysFile %[2]s/authorized_keys\nPidFile none\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no", s.port, s.dir))
	if os.Getuid() == 0 {
		uid, _ := strconv.Atoi(me.Uid)
		gid, _ := strconv.Atoi(me.Gid)
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: true}}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		// It may lie where that user cannot look.
		text, err := os.ReadFile(s.program)
		if err != nil {
			t.Fatal(err)
		}
		s.program = filepath.Join(s.dir, "sshd")
		if err := os.WriteFile(s.program, text, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"sshd", "host", "authorized_keys", "sshd_config"} {
			if err := os.Chown(filepath.Join(s.dir, name), uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

func (s *sshServer) start() (end func()) {
	command := exec.Command(s.program, "-D", "-e", "-f", filepath.Join(s.dir, "sshd_config"))
	command.SysProcAttr = s.as
	return stranger(s.t, command)
}

// tunnel is the command of the page's service.
func (s *sshServer) tunnel(far, near string) *exec.Cmd {
	s.t.Helper()
	unit := example(s.t, "ini")
	_, line, _ := strings.Cut(unit, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	line = replaced(s.t, line, "${CREDENTIALS_DIRECTORY}/key", filepath.Join(s.dir, "key"), "/etc/butlr-tunnel/known_hosts", filepath.Join(s.dir, "known_hosts"),
		"127.0.0.1:8443:127.0.0.1:8443", "127.0.0.1:"+far+":"+near, "tunnel@vps.example.org", "-p "+s.port+" "+s.user+"@127.0.0.1")
	words := strings.Fields(line)
	return exec.Command(words[0], words[1:]...)
}

// TestTheExampleOfATunnel has events come in at the far end of a tunnel, the server lost and found, and somebody with the
// tunnel's key try more than that.
//
// Seen to break it: no permitlisten; no ExitOnForwardFailure; a key that may open no port.
func TestTheExampleOfATunnel(t *testing.T) {
	tool(t, "ssh")
	s, near := proxied(t)
	far := freePort(t)
	server := newSSHServer(t, far)
	end := server.start()
	open := func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+server.port)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	arrives := func() (gone func()) {
		t.Helper()
		waitFor(t, func() string {
			if !open() {
				return "the server is not there"
			}
			return ""
		})
		gone = stranger(t, server.tunnel(far, near))
		waitFor(t, func() string {
			status, err := oneOfMany{t, "127.0.0.1", "http://127.0.0.1:" + far}.posts("/webhooks/butlr", testSecret, strings.NewReader(payload(t, "ROOM_OCCUPANCY", time.Now())))
			if err != nil || status != 204 {
				return fmt.Sprint(status, err)
			}
			return ""
		})
		return gone
	}
	gone := arrives()
	if b := s.block(boardroom); b[1] != 6 {
		t.Errorf("the boardroom has %d people", b[1])
	}
	oneOfMany{t, "127.0.0.1", "http://127.0.0.1:" + far}.must(401, "/webhooks/butlr", "wrong", "[]")
	end()
	gone()
	server.start()
	gone = arrives()
	gone()

	other := server.tunnel(freePort(t), near) // ExitOnForwardFailure: it ends by itself
	late := time.AfterFunc(patience, func() { _ = other.Process.Kill() })
	defer late.Stop()
	if out, err := other.CombinedOutput(); err == nil || !strings.Contains(string(out), "remote port forwarding failed") {
		t.Errorf("another port was opened: %v\n%s", err, out)
	}
	command := server.tunnel(far, near)
	words := command.Args
	for i, w := range words {
		if w == "-N" {
			words[i] = "-v"
		}
	}
	if out, err := exec.Command(words[0], append(words[1:], "echo", "I", "am", "in")...).Output(); strings.Contains(string(out), "I am in") {
		t.Errorf("the key opens a shell: %v\n%s", err, out)
	}
}
