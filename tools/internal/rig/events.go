package rig

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"time"
)

// The building.
const (
	Site       = "site_hq"
	Building   = "building_maas"
	Floor      = "space_3"
	Boardroom  = "room_boardroom"
	Focus      = "room_focus"
	Studio     = "room_studio"
	Table      = "zone_table"
	Door       = "sensor_door"
	AirHandler = "ahu-3" // a group
)

// place is where everything is, by the keys of Butlr's metadata.
var place = map[string]string{
	"org_id": "org_northwind", "org_name": "Northwind Facilities", "site_id": Site, "site_name": "Rotterdam Campus",
	"building_id": Building, "building_name": "Maas House", "floor_id": Floor, "floor_name": "Level 3",
}

// names are what Butlr calls the rooms at the moment.
var names = struct {
	sync.Mutex
	of map[string]string
}{of: map[string]string{Boardroom: "Boardroom Erasmus", Focus: "Focus Room 3.09", Studio: "Studio"}}

// Rename lets Butlr call a room something else from now on.
func Rename(room, name string) {
	names.Lock()
	defer names.Unlock()
	names.of[room] = name
}

// Event is what Butlr posts.
type Event struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Timestamp int64             `json:"timestamp"`
	Version   string            `json:"version"`
	Metadata  map[string]string `json:"metadata"`
	Data      any               `json:"data,omitempty"`
}

// People says how many are in a room.
func People(room string, people int) Event { return in(room, "ROOM_OCCUPANCY", people) }

// AtTable says how many are at the table in the boardroom.
func AtTable(people int) Event {
	e := in(Boardroom, "ZONE_OCCUPANCY", people)
	e.Metadata["zone_id"], e.Metadata["zone_name"] = Table, "Table North"
	return e
}

// OnFloor says how many are on the floor.
func OnFloor(people int) Event { return in("", "FLOOR_OCCUPANCY", people) }

// Motion says that somebody moves in a room, or nobody any more.
func Motion(room string, moves bool) Event {
	if moves {
		return in(room, "PIR_MOTION", nil)
	}
	return in(room, "PIR_NO_MOTION", nil)
}

// Through says how many went through the door of the floor.
func Through(inwards, outwards int) Event {
	e := in("", "TRAFFIC", map[string]int{"in": inwards, "out": outwards})
	maps.Copy(e.Metadata, map[string]string{
		"sensor_id": "door", "mac_address": "00-17-0d-00-00-71-3b-04", "sensor_mode": "traffic", "sensor_model": "Heatic 2+",
	})
	return e
}

func in(room, kind string, data any) Event {
	now := time.Now()
	e := Event{ID: "event_" + ksuid(now), Type: kind, Timestamp: now.UnixMilli(), Version: "v1.0.0", Metadata: maps.Clone(place), Data: data}
	if room != "" {
		names.Lock()
		defer names.Unlock()
		e.Metadata["room_id"], e.Metadata["room_name"] = room, names.of[room]
	}
	return e
}

// ksuid makes an id as Butlr does: seconds since 2014, then chance, in 27 digits of base 62.
func ksuid(now time.Time) string {
	var raw [20]byte
	binary.BigEndian.PutUint32(raw[:], uint32(now.Unix()-1400000000))
	rand.Read(raw[4:])
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := bytes.Repeat([]byte{'0'}, 27)
	n, rest := new(big.Int).SetBytes(raw[:]), new(big.Int)
	for i := len(text) - 1; n.Sign() > 0; i-- {
		n.DivMod(n, big.NewInt(62), rest)
		text[i] = digits[rest.Int64()]
	}
	return string(text)
}

// Post posts events to the gateway's webhook.
func (g *Gateway) Post(events ...Event) error {
	body, err := json.Marshal(events)
	if err != nil {
		return err
	}
	answer, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/webhooks/butlr", g.WebhookPort), "application/json", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("posting to the webhook: %w", err)
	}
	answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("posting to the webhook: %s", answer.Status)
	}
	return nil
}
