package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// This file reads what an operator types to order something.

func checkAsset(name string) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("the ASSET is empty: " + strings.TrimPrefix(assetGrammar, "ASSET "))
	}
	return nil
}

// occupancies are the words for what an output can be forced to.
var occupancies = map[string]int{"vacant": 0, "0": 0, "occupied": 1, "1": 1}

// parseForce reads what to force, and to what.
func parseForce(text string) (gateway.Target, int, error) {
	name, word, assigned := strings.Cut(text, "=")
	if !assigned {
		if value, ok := occupancies[text]; ok && len(text) > 1 {
			return gateway.TargetOutputs, value, nil
		}
		return 0, 0, fmt.Errorf("%q cannot be forced: use occupied, vacant or MEASURE=VALUE, such as lighting=occupied or people=4", text)
	}
	target, err := parseTarget(name)
	if err != nil {
		return 0, 0, err
	}
	if target == gateway.TargetPeople {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 || n > web.MostPeople {
			return 0, 0, fmt.Errorf("people=%s is not possible: give a number from 0 to %d", word, web.MostPeople)
		}
		return target, n, nil
	}
	value, ok := occupancies[word]
	if !ok {
		return 0, 0, fmt.Errorf("%s is not possible: %s can be occupied, vacant, 1 or 0", text, name)
	}
	return target, value, nil
}

func parseTarget(name string) (gateway.Target, error) {
	target, ok := gateway.ParseTarget(name)
	if !ok {
		return 0, fmt.Errorf("MEASURE %q cannot be forced: use occupied, lighting, hvac, ventilation or people", name)
	}
	return target, nil
}

// lifetime is how long an override lasts, as an operator types it.
type lifetime time.Duration

// String returns the duration without parts that are zero.
func (l *lifetime) String() string {
	text := time.Duration(*l).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// Type names the value in the help.
func (l *lifetime) Type() string { return "duration" }

// Set reads a duration, also one with days.
func (l *lifetime) Set(text string) error {
	rest, days := text, 0
	if count, after, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 || n > 30 {
			return errLifetime
		}
		rest, days = after, n
	}
	d := time.Duration(0)
	if rest != "" || days == 0 {
		var err error
		if d, err = time.ParseDuration(rest); err != nil || d < 0 {
			return errLifetime
		}
	}
	d += time.Duration(days) * 24 * time.Hour
	if d < time.Second || d > gateway.LongestOverride {
		return errLifetime
	}
	*l = lifetime(d)
	return nil
}

var errLifetime = errors.New("give a duration from 1s to 30d, such as 90m, 2h or 7d")

// operator returns the name of the user who types, also behind sudo.
func operator() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if by := os.Getenv("SUDO_USER"); by != "" && os.Geteuid() == 0 {
		name = by
	}
	name = strings.ToValidUTF8(name, "")
	for len(name) > web.LongestAuthor {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
