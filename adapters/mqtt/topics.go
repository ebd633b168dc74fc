package mqtt

import (
	"fmt"
	"strings"

	"butlr-gateway/adapters/mqtt/internal/level"
	"butlr-gateway/gateway"
)

const maxRoot = 200 // bytes of a topic root

// Topic returns the topic under which those of an asset lie, without a final slash; root is [Options.Topic].
func Topic(root string, a *gateway.Asset) string {
	return root + "/" + level.Path(a.Kind, a.ID)
}

// levelOf returns the topic level of an asset. Two assets of a kind never share one.
func levelOf(a *gateway.Asset) string { return level.Of(a.Kind, a.ID) }

func isLevel(s string) bool { return level.Is(s) }

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
	for part := range strings.SplitSeq(root, "/") {
		if part == "" {
			return fmt.Errorf("the topic root %q has an empty level: leave out the slash too many", root)
		}
		for _, c := range []byte(part) {
			if !level.IsByte(c) && c != '.' {
				return fmt.Errorf("the topic root %q contains %q: use letters, digits, _, - and . only", root, c)
			}
		}
	}
	return nil
}

// eventTopic is where it is told what happened in an asset, and is over.
func eventTopic(root string, a *gateway.Asset) string { return Topic(root, a) + "/event" }

// detectionsTopic is where it is told where a sensor sees people.
func detectionsTopic(root string, a *gateway.Asset) string { return root + "/detections/" + levelOf(a) }

// mirrorTopic is where everything of an asset is said once more, under its name.
func mirrorTopic(root, path string) string { return root + "/names/" + path }

// statusTopic is where the gateway says whether it is online, and the broker in its stead when it is not.
func statusTopic(root string) string { return root + "/gateway/status" }
