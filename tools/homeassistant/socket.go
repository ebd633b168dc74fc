package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gorilla/websocket"
)

// command is something to say over Home Assistant's web socket, and where to store the answer.
type command struct {
	say  map[string]any
	into any
}

// tell sends commands over a connection of its own.
func (h *home) tell(commands ...command) error {
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	c, _, err := dialer.Dial(fmt.Sprintf("ws://127.0.0.1:%d/api/websocket", h.port), nil)
	if err != nil {
		return fmt.Errorf("opening Home Assistant's web socket: %w", err)
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(30 * time.Second))
	var hello struct{ Type, Message string }
	if err := c.ReadJSON(&hello); err != nil {
		return err
	}
	if err := c.WriteJSON(map[string]string{"type": "auth", "access_token": h.token}); err != nil {
		return err
	}
	if err := c.ReadJSON(&hello); err != nil {
		return err
	}
	if hello.Type != "auth_ok" {
		return fmt.Errorf("entering Home Assistant: %s %s", hello.Type, hello.Message)
	}
	for i, command := range commands {
		if err := exchange(c, i+1, command); err != nil {
			return fmt.Errorf("telling Home Assistant %v: %w", command.say["type"], err)
		}
	}
	return nil
}

func exchange(c *websocket.Conn, id int, command command) error {
	command.say["id"] = id
	if err := c.WriteJSON(command.say); err != nil {
		return err
	}
	for {
		var answer struct {
			ID      int
			Type    string
			Success bool
			Error   struct{ Code, Message string }
			Result  json.RawMessage
		}
		if err := c.ReadJSON(&answer); err != nil {
			return err
		}
		switch {
		case answer.ID != id || answer.Type != "result":
		case !answer.Success:
			return fmt.Errorf("%s: %s", answer.Error.Code, answer.Error.Message)
		case command.into == nil:
			return nil
		default:
			return json.Unmarshal(answer.Result, command.into)
		}
	}
}
