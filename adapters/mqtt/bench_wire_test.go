package mqtt_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"butlr-gateway/adapters/mqtt"
	"butlr-gateway/adapters/mqtt/discovery"
)

// resyncRooms is how many rooms make ten thousand topics: each has availability, state and two scalars.
const resyncRooms = 2500

// BenchmarkResync measures how long it takes until a broker that lost everything has ten thousand topics again,
// from the connection to the last acknowledgement, without and with the announcements of all rooms; and, in the same run and by turns, how long it takes whoever
// just writes as many messages of that size as the broker takes, a hundred at a time.
func BenchmarkResync(b *testing.B) {
	var ours, announced, bare []time.Duration
	for b.Loop() {
		ours = append(ours, resync(b, nil))
		announced = append(announced, resync(b, forgetful{}))
		bare = append(bare, bareResync(b))
	}
	b.ReportMetric(median(ours).Seconds(), "s/resync")
	b.ReportMetric(median(announced).Seconds(), "s/discovery")
	b.ReportMetric(median(bare).Seconds(), "s/bare")
	b.ReportMetric(median(ours).Seconds()/median(bare).Seconds(), "resync/bare")
}

func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func resync(b *testing.B, announced mqtt.Memory) time.Duration {
	m := startMosquitto(b)
	defer m.kill()
	o := options(m.url())
	if announced != nil {
		o.Memory, o.Discovery, o.DiscoveryPrefix = announced, discovery.Devices, "homeassistant"
	}
	up := make(chan error, 10)
	o.Health = func(err error) { up <- err }
	p, err := mqtt.New(o)
	if err != nil {
		b.Fatal(err)
	}
	for i := range resyncRooms {
		p.Publish(people(i, 4))
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- p.Run(ctx) }()
	if err := <-up; err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	cancel()
	<-done
	return took
}

// bareResync writes what a resync does, and nothing else.
func bareResync(b *testing.B) time.Duration {
	m := startMosquitto(b)
	defer m.kill()
	conn, err := net.Dial("tcp", m.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion, connect.CleanSession, connect.ClientIdentifier, connect.Keepalive = "MQTT", 4, true, "bare", 60
	if err := connect.Write(conn); err != nil {
		b.Fatal(err)
	}
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	if _, err := packets.ReadPacket(in); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	room := make(chan struct{}, 100)
	acknowledged := make(chan error, 1)
	go func() {
		for range 4 * resyncRooms {
			if _, err := packets.ReadPacket(in); err != nil {
				acknowledged <- err
				return
			}
			<-room
		}
		acknowledged <- nil
	}()
	payloads := map[string][]byte{"availability": []byte("online"), "state": make([]byte, 300), "people": []byte("4"), "occupied": []byte("ON")}
	sent := 0
	for i := range resyncRooms {
		for topic, payload := range payloads {
			p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
			p.Qos, p.Retain, p.TopicName, p.Payload, p.MessageID = 1, true, fmt.Sprintf("butlr/room/room_%d/%s", i, topic), payload, uint16(sent%60000+1)
			room <- struct{}{}
			if err := p.Write(out); err != nil {
				b.Fatal(err)
			}
			if sent++; len(room) > 50 {
				out.Flush()
			}
		}
	}
	out.Flush()
	if err := <-acknowledged; err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// forgetful remembers nothing, and costs nothing.
type forgetful struct{}

func (forgetful) Load(context.Context) (map[string]string, error) { return nil, nil }
func (forgetful) Write(context.Context, map[string]string) error  { return nil }
