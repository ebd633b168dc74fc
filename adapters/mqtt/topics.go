package mqtt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"butlr-gateway/gateway"
)

const (
	maxRoot  = 200 // bytes of a topic root
	maxLevel = 64  // bytes of an asset's topic level
)

// hashed begins the topic level of an asset whose id cannot be one.
const hashed = "h-"

// Topic returns the topic under which those of an asset lie, without a final slash; root is [Options.Topic].
func Topic(root string, a *gateway.Asset) string {
	return root + "/" + a.Kind.String() + "/" + levelOf(a)
}

// levelOf returns the topic level of an asset: Butlr's id or the group's key as it is if it consists of
// letters, digits, "_" and "-" only, else a hash of it. Two assets of a kind never share one: an id that
// looks like a hash is hashed too.
func levelOf(a *gateway.Asset) string {
	level := string(a.ID)
	if a.Kind == gateway.Group {
		level = strings.TrimPrefix(level, "group:")
	}
	if isLevel(level) && !looksHashed(level) {
		return level
	}
	sum := sha256.Sum256([]byte(level))
	return hashed + hex.EncodeToString(sum[:16])
}

func isLevel(s string) bool {
	if s == "" || len(s) > maxLevel {
		return false
	}
	for _, c := range []byte(s) {
		if !isLevelByte(c) {
			return false
		}
	}
	return true
}

func isLevelByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}

func looksHashed(level string) bool {
	digits, found := strings.CutPrefix(level, hashed)
	if !found || len(digits) != 32 {
		return false
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}

// checkRoot tells what is wrong with a topic root. White space and DEL are valid in MQTT, but the
// embedded broker ends the connection of whoever publishes them.
func checkRoot(root string) error {
	switch {
	case root == "":
		return fmt.Errorf("the topic root is empty: give it a name, such as butlr")
	case len(root) > maxRoot:
		return fmt.Errorf("the topic root has %d bytes: at most %d are allowed", len(root), maxRoot)
	case strings.HasPrefix(root, "$"):
		return fmt.Errorf("the topic root %q begins with $: those topics belong to the broker", root)
	}
	for level := range strings.SplitSeq(root, "/") {
		if level == "" {
			return fmt.Errorf("the topic root %q has an empty level: leave out the slash too many", root)
		}
		for _, c := range []byte(level) {
			if !isLevelByte(c) && c != '.' {
				return fmt.Errorf("the topic root %q contains %q: use letters, digits, _, - and . only", root, c)
			}
		}
	}
	return nil
}

// statusTopic is where the gateway says whether it is online, and the broker in its stead when it is not.
func statusTopic(root string) string { return root + "/gateway/status" }
