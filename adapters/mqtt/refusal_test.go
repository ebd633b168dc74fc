package mqtt

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// What the broker does not let the gateway subscribe to is in the log: a command's topic, and its own status.
//
// Seen to break it: the status subscribed to without a look at the answer.
func TestRefusedSubscriptionsAreLogged(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go refuseAll(l)

	said := make(lines, 8)
	o := testOptions()
	o.Broker, o.Commander, o.Log = "tcp://"+l.Addr().String(), &obedient{}, slog.New(slog.NewTextHandler(said, nil))
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close(false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	missing := map[string]bool{"butlr/gateway/status": true, "butlr/command/+/+/force": true, "butlr/command/+/+/release": true, "butlr/command/republish": true}
	for len(missing) > 0 {
		select {
		case line := <-said:
			for topic := range missing {
				if strings.Contains(line, "does not let") && strings.Contains(line, "topic="+topic+"\n") {
					delete(missing, topic)
				}
			}
		case <-ctx.Done():
			t.Fatalf("the log does not tell of %v", missing)
		}
	}
}

// lines passes on what is written.
type lines chan string

func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }

// refuseAll is a broker that accepts one client, and lets it subscribe to nothing.
func refuseAll(l net.Listener) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		p, err := packets.ReadPacket(conn)
		if err != nil {
			return
		}
		var answer bytes.Buffer
		switch p := p.(type) {
		case *packets.ConnectPacket:
			_ = packets.NewControlPacket(packets.Connack).Write(&answer)
		case *packets.SubscribePacket:
			refused := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			refused.MessageID, refused.ReturnCodes = p.MessageID, []byte{subackFailure}
			_ = refused.Write(&answer)
		}
		_, _ = conn.Write(answer.Bytes())
	}
}
