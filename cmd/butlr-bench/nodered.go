package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// flow is what the gateway is compared with: HTTP in, a function that keeps the newest of each place, MQTT out, 204. It
// has the same requests and the same broker. It keeps nothing on disk and serves no registers, so it does less.
//
//go:embed nodered-flow.json
var flow string

// nodeRed is a Node-RED of our own.
type nodeRed struct {
	dir, url string
	process  *exec.Cmd
	log      bytes.Buffer
	ended    chan error
}

// startNodeRed starts the Node-RED that tools/nodered/prepare has installed, with the flow, and returns when an event
// that is posted to it has come to the broker.
func startNodeRed(ctx context.Context, installed string, b *broker) (*nodeRed, error) {
	script := filepath.Join(installed, "node_modules", "node-red", "red.js")
	if _, err := os.Stat(script); err != nil {
		return nil, fmt.Errorf("looking for Node-RED: %w; tools/nodered/prepare installs it", err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	n := &nodeRed{url: fmt.Sprintf("http://127.0.0.1:%d/webhooks/butlr", port), ended: make(chan error, 1)}
	if n.dir, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	_, broker, err := net.SplitHostPort(b.address)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(n.dir))
	}
	settings := filepath.Join(n.dir, "settings.js")
	for name, text := range map[string]string{
		"flow.json": strings.NewReplacer("SECRET", secret, `"port": "1883"`, fmt.Sprintf(`"port": "%s"`, broker)).Replace(flow),
		"settings.js": fmt.Sprintf(`module.exports = { uiHost: "127.0.0.1", uiPort: %d, flowFile: "flow.json", credentialSecret: false,
	httpAdminRoot: false, telemetry: { enabled: false, updateNotification: false }, logging: { console: { level: "warn" } } }`, port),
	} {
		if err := os.WriteFile(filepath.Join(n.dir, name), []byte(text), 0o600); err != nil {
			return nil, errors.Join(err, os.RemoveAll(n.dir))
		}
	}
	n.process = exec.Command("node", script, "--userDir", n.dir, "--settings", settings)
	n.process.Stdout, n.process.Stderr = &n.log, &n.log
	if err := n.process.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting Node-RED: %w", err), os.RemoveAll(n.dir))
	}
	go func() { n.ended <- n.process.Wait() }()
	if err := n.await(ctx, b); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// await posts an event again and again until it is told to the broker.
func (n *nodeRed) await(ctx context.Context, b *broker) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	heard := make(chan struct{}, 100)
	c, err := newClient(b.address)
	if err != nil {
		return err
	}
	defer c.Disconnect(100)
	if token := c.Subscribe("flow/room/"+latencyRoom(0)+"/state", 1, func(paho.Client, paho.Message) { heard <- struct{}{} }); token.Wait() && token.Error() != nil {
		return token.Error()
	}
	for k := 0; ; k++ {
		if s, err := newSender(n.url); err == nil {
			_, body := countOf(latencyRoom(0), k)
			_ = s.post(body) // what it does not take yet is posted again
			s.conn.Close()
		}
		select {
		case <-heard:
			return nil
		case err := <-n.ended:
			n.ended <- err
			return fmt.Errorf("Node-RED ended (%v):\n%s", err, n.log.String())
		case <-ctx.Done():
			return fmt.Errorf("Node-RED does not publish what is posted to it:\n%s", n.log.String())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (n *nodeRed) senders(connections int, t *traffic) *senders {
	return &senders{url: n.url, process: n.process.Process.Pid, connections: connections, traffic: t}
}

func (n *nodeRed) stop() error {
	n.process.Process.Signal(syscall.SIGTERM)
	<-n.ended
	return os.RemoveAll(n.dir)
}

// freePort is a port of this machine that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
