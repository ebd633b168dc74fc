package web

import (
	"fmt"
	"strings"
)

// ModbusClient is a controller, or whoever else reads registers.
type ModbusClient struct {
	Transport   string       `json:"transport"` // tcp, tls, rtu_over_tcp or serial
	Address     string       `json:"address"`
	Role        string       `json:"role"`        // of its certificate; "" without one
	Connections int          `json:"connections"` // open now
	Units       []int        `json:"unit_ids"`    // that it asked
	Requests    uint64       `json:"requests"`    // since the start, as the next two
	Exceptions  uint64       `json:"exceptions"`  // requests that were refused
	Writes      uint64       `json:"writes"`
	LastSeen    Moment       `json:"last_seen"`
	Polls       []ModbusPoll `json:"polls"`
}

// ModbusPoll is one range that a client reads.
type ModbusPoll struct {
	Unit     int     `json:"unit_id"`
	Table    string  `json:"table"`
	Address  int     `json:"address"` // 0-based
	Count    int     `json:"count"`
	Requests uint64  `json:"requests"`
	Every    float64 `json:"every_seconds"` // of late; 0 after only one request
	LastSeen Moment  `json:"last_seen"`
}

// pollsShown is how many ranges a sentence lists.
const pollsShown = 4

// Sentence says who the client is and what it reads.
func (c *ModbusClient) Sentence() string {
	var b strings.Builder
	b.WriteString(c.Address)
	if c.Role != "" {
		b.WriteString(" (" + c.Role + ")")
	}
	fmt.Fprintf(&b, " over %s: %d requests, %d refused", strings.ReplaceAll(c.Transport, "_", " "), c.Requests, c.Exceptions)
	if c.Writes > 0 {
		fmt.Fprintf(&b, ", %d writes", c.Writes)
	}
	for i, p := range c.Polls {
		if i == pollsShown {
			fmt.Fprintf(&b, ", and %d more", len(c.Polls)-i)
			break
		}
		separator := ", "
		if i == 0 {
			separator = "; reads "
		}
		fmt.Fprintf(&b, "%sunit %d %s %d–%d", separator, p.Unit, p.Table, p.Address, p.Address+p.Count-1)
		if p.Every > 0 {
			fmt.Fprintf(&b, " every %.3g s", p.Every)
		}
	}
	return b.String()
}
