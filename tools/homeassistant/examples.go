package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// automation is a block of YAML in the guide that is an automation.
var automation = regexp.MustCompile("(?s)```yaml\n(- alias:.*?)```")

// examples returns the automations that the guide shows, as they stand there: what is printed is what runs.
func examples(guide string) (string, error) {
	text, err := os.ReadFile(guide)
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, block := range automation.FindAllSubmatch(text, -1) {
		all.Write(block[1])
	}
	if all.Len() == 0 {
		return "", fmt.Errorf("there is no automation in %s", guide)
	}
	return all.String(), nil
}
