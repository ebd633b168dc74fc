package mqtt

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"butlr-gateway/gateway"
)

const (
	republish = "republish" // the command to say everything again
	maxReason = 256         // bytes of why something is forced
)

// wish is what a force command asks for.
type wish struct {
	target    gateway.Target
	automatic bool // the override of the target is to end
	value     int
	lasts     time.Duration // 0 leaves it to the gateway
	reason    string
}

// wishJSON is the long form of a command.
type wishJSON struct {
	Target string         `json:"target"`
	Value  jsontext.Value `json:"value"`
	For    string         `json:"for"`
	Reason string         `json:"reason"`
}

// readWish reads the payload of a force command: one word for all outputs, or an object. What it does not
// know is an error: a command that is obeyed in part is worse than none.
func readWish(payload []byte) (wish, error) {
	if len(payload) > maxCommand {
		return wish{}, fmt.Errorf("it has %d bytes: at most %d are read", len(payload), maxCommand)
	}
	text := strings.TrimSpace(string(payload))
	if !strings.HasPrefix(text, "{") {
		w := wish{target: gateway.TargetOutputs}
		return w, w.set(text)
	}
	var long wishJSON
	if err := json.Unmarshal([]byte(text), &long, json.RejectUnknownMembers(true)); err != nil {
		return wish{}, fmt.Errorf(`it is no object like {"target":"people","value":4,"for":"2h","reason":"…"}: %w`, err)
	}
	return long.read()
}

func (long *wishJSON) read() (w wish, err error) {
	if w.reason = long.Reason; len(w.reason) > maxReason {
		return w, fmt.Errorf("its reason has %d bytes: at most %d are kept", len(w.reason), maxReason)
	}
	if long.Target != "" {
		known := false
		if w.target, known = gateway.ParseTarget(long.Target); !known {
			return w, fmt.Errorf("its target %q is none of occupied, lighting, hvac, ventilation and people", long.Target)
		}
	}
	if long.For != "" {
		if w.lasts, err = time.ParseDuration(long.For); err != nil || w.lasts <= 0 {
			return w, fmt.Errorf(`it says for %q: write a duration such as "90m" or "2h"`, long.For)
		}
	}
	if long.Value == nil {
		return w, errors.New("it has no value: occupied, vacant or automatic, or a number of people")
	}
	value := string(long.Value)
	if long.Value.Kind() == '"' {
		if err := json.Unmarshal(long.Value, &value); err != nil {
			return w, err
		}
	}
	return w, w.set(value)
}

// set takes the value of a command.
func (w *wish) set(value string) error {
	if value == automatic {
		w.automatic = true
		return nil
	}
	if w.target == gateway.TargetPeople {
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("its value %q is no whole number of people, and not automatic", value)
		}
		w.value = n
		return nil
	}
	switch value {
	case occupied, "true", "1":
		w.value = 1
	case vacant, "false", "0":
		w.value = 0
	default:
		return fmt.Errorf("its value %q is none of occupied, vacant and automatic", value)
	}
	return nil
}
