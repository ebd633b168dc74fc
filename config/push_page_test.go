package config_test

import (
	"os"
	"strings"
	"testing"
)

// TestTheExamplesOfThePushPage reads every example of docs/push.md: each is in order as it stands.
func TestTheExamplesOfThePushPage(t *testing.T) {
	text, err := os.ReadFile("../docs/push.md")
	if err != nil {
		t.Fatal(err)
	}
	targets := 0
	for i, block := range strings.Split(string(text), "```toml\n")[1:] {
		example, _, _ := strings.Cut(block, "```")
		c := parse(t, required+example+hoursOfASite)
		if len(c.Push) == 0 {
			t.Errorf("example %d writes nothing", i+1)
		}
		for _, w := range c.Warnings {
			if strings.HasPrefix(w.Key, "push.") {
				t.Errorf("example %d: %v", i+1, w)
			}
		}
		targets += len(c.Push)
	}
	if targets != 6 {
		t.Errorf("%d targets were read", targets)
	}
}
