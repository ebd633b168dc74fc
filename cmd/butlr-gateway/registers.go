package main

import (
	"context"
	"errors"
	"runtime"

	"butlr-gateway/adapters/modbus"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// openImage makes the registers, if anybody is to read them.
func (s *service) openImage(context.Context) (err error) {
	if s.config.Modbus.On() {
		s.image, err = modbus.NewImage(imageOptions(s))
	}
	return err
}

// openModbus binds every port of the Modbus server; it needs the hub, which puts commands in force.
func (s *service) openModbus(context.Context) (err error) {
	if s.image == nil {
		return nil
	}
	if s.modbus, err = modbus.NewServer(modbusOptions(s, &s.config.Modbus)); err != nil {
		return err
	}
	if err := s.modbus.Listen(); err != nil {
		key := "[modbus] listen"
		if failed, ok := errors.AsType[*modbus.ListenError](err); ok {
			key = listenKeys[failed.Transport]
		}
		return explainListen(key, err)
	}
	s.closers = append(s.closers, s.modbus.Close)
	return nil
}

// listenKeys are the keys of the addresses of the Modbus server, by transport.
var listenKeys = map[string]string{
	"tcp": "[modbus] listen", "tls": "[modbus.tls] listen", "rtu_over_tcp": "[modbus.rtu_over_tcp] listen",
}

func modbusOptions(s *service, c *config.Modbus) modbus.ServerOptions {
	o := modbus.ServerOptions{
		Listen: string(c.Listen), Map: mapOptions(s.config), Image: s.image, Allow: c.Allow,
		MaxConnections: c.MaxConnections, MaxPerAddress: c.MaxPerAddress, IdleTimeout: c.IdleTimeout,
		Identity: modbus.Identity{
			Vendor: "Butlr", ProductCode: "butlr-gateway", Revision: programVersion(),
			Product: "Butlr gateway", Model: runtime.GOOS + "/" + runtime.GOARCH, Name: s.config.Gateway.Name,
		},
		Metrics: s.metrics, Log: s.log,
	}
	if t := &c.TLS; t.Listen != "" {
		o.TLS = &modbus.TLSOptions{
			Listen: string(t.Listen), Allow: t.Allow, WordOrder: wordOrder(c, t.WordOrder),
			Cert: string(t.Cert), Key: string(t.Key), ClientCA: string(t.ClientCA),
		}
	}
	if r := &c.RTUOverTCP; r.Listen != "" {
		o.RTUOverTCP = &modbus.RTUOverTCPOptions{
			Listen: string(r.Listen), Allow: r.Allow, WordOrder: wordOrder(c, r.WordOrder), UnitIDs: unitIDs(r.UnitIDs),
		}
	}
	if l := &c.Serial; l.Port != "" {
		o.Serial = &modbus.SerialOptions{
			Port: string(l.Port), Baud: l.Baud, Parity: string(parities[l.Parity]), StopBits: l.StopBits, RS485: l.RS485,
			WordOrder: wordOrder(c, l.WordOrder), UnitIDs: unitIDs(l.UnitIDs),
		}
	}
	if w := &c.Write; w.On() {
		o.Write = &modbus.WriteOptions{
			Allow: w.Allow, Roles: w.Roles, Serial: w.Serial, Expiry: w.Expiry, Watchdog: w.Watchdog, Commander: s.hub,
		}
	}
	return o
}

func wordOrder(c *config.Modbus, own config.WordOrder) modbus.WordOrder {
	order, _ := modbus.ParseWordOrder(string(c.Order(own))) // the configuration has refused others
	return order
}

func unitIDs(ids []int) []uint8 {
	out := make([]uint8, len(ids))
	for i, id := range ids {
		out[i] = uint8(id)
	}
	return out
}

// modbusListeners tells where registers can be read.
func (s *service) modbusListeners() (out []web.Listener) {
	if s.modbus == nil {
		return nil
	}
	if a := s.modbus.Addr(); a != nil {
		out = append(out, web.Listener{What: "Modbus TCP", Address: a.String()})
	}
	if a := s.modbus.TLSAddr(); a != nil {
		out = append(out, web.Listener{What: "Modbus TLS", Address: a.String()})
	}
	if a := s.modbus.RTUOverTCPAddr(); a != nil {
		out = append(out, web.Listener{What: "RTU on TCP", Address: a.String()})
	}
	if port := s.config.Modbus.Serial.Port; port != "" {
		out = append(out, web.Listener{What: "Modbus RTU", Address: string(port)})
	}
	return out
}

// modbusClients tells who reads registers, for the page and the status.
func (s *service) modbusClients() []web.ModbusClient {
	out := []web.ModbusClient{}
	if s.modbus == nil {
		return out
	}
	now := s.clock().Wall
	for _, c := range s.modbus.Clients() {
		client := web.ModbusClient{
			Transport: c.Transport, Address: c.Address, Role: c.Role, Connections: c.Connections, Units: []int{},
			Requests: c.Requests, Exceptions: c.Exceptions, Writes: c.Writes,
			LastSeen: web.Moment(gateway.TimestampOf(now.Add(-c.LastSeen))), Polls: []web.ModbusPoll{},
		}
		for _, unit := range c.Units {
			client.Units = append(client.Units, int(unit))
		}
		for _, p := range c.Polls {
			client.Polls = append(client.Polls, web.ModbusPoll{
				Unit: int(p.Unit), Table: p.Table.String(), Address: int(p.Address), Count: p.Count, Requests: p.Requests,
				Every: p.Interval.Seconds(), LastSeen: web.Moment(gateway.TimestampOf(now.Add(-p.LastSeen))),
			})
		}
		out = append(out, client)
	}
	return out
}
