package config

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

const introduction = `# Configuration

<!-- Written from the table of keys in the package config; a test compares them. Change the table, not this page. -->

The gateway reads one file, ` + "`gateway.toml`" + `: in ` + "`/etc/butlr-gateway`" + `, on Windows in
` + "`%ProgramData%\\butlr-gateway`" + `, or wherever ` + "`--config FILE`" + ` says. It is
[TOML](https://toml.io/en/v1.0.0): a section in brackets, below it one ` + "`key = value`" + ` to a line, text in
double quotes, and ` + "`#`" + ` before a remark. Every key has a default except ` + "`listen`" + ` of ` + "`[webhook]`" + `
and ` + "`members`" + ` of a group.

**Nothing is guessed.** A key that this version does not know, a value of the wrong type, and two keys that
contradict each other are errors. ` + "`butlr-gateway check`" + ` lists all of them at once, each with its line and what to
do, and exits with 1; the gateway does not start with a file that has errors. Warnings are about what is allowed but unwise.

    gateway.toml:41: assets.room_B.index: 40 is taken by room_A
      hint: the next number that this file leaves free is 57; "butlr-gateway points list" shows the numbers in use

**Off and on.** A part without its ` + "`listen`" + ` is off; MQTT is off without ` + "`broker`" + `.

**Addresses** are ` + "`\"HOST:PORT\"`" + `. The host is an IP address of this machine; ` + "`127.0.0.1`" + ` or ` + "`localhost`" + ` lets only this
machine connect, and nothing before the colon means every address. Networks are ` + "`\"10.20.0.0/16\"`" + `, and a single
address is ` + "`\"10.20.0.7/32\"`" + `. Paths of files begin at the root. In Windows paths write single quotes: ` + "`'C:\\keys\\tls.key'`" + `.

**Durations** are numbers with a unit, in quotes: ` + "`\"90s\"`" + `, ` + "`\"15m\"`" + `, ` + "`\"24h\"`" + `.

**Assets** are what people and controllers read about: sites, buildings, floors, rooms, zones, sensors, and the groups
that you make of them. One is named by its id in Butlr, by your own id of it in Butlr as ` + "`custom:ID`" + `, or as ` + "`group:KEY`" + `.

**Settings**, the keys of ` + "`[state]`" + ` about assets, may stand in several sections. For each of them, the section of the asset
itself (or the group) goes before that of its class, that before its site's, and that before ` + "`[state]`" + `. What they do
together, with pictures, is in [state.md](state.md).

**Hours** are entries between commas, each with days and two times: ` + "`\"Mon-Fri 06:00-20:00, Sat Sun 08:00-12:00\"`" + `. Days are
` + "`Mon` `Tue` `Wed` `Thu` `Fri` `Sat` `Sun`" + `, single or as ranges (` + "`Fri-Mon`" + ` too), with spaces between them. ` + "`24:00`" + ` can be an
end. An end that is not after its beginning is on the next day: ` + "`Fri 22:00-06:00`" + ` ends on Saturday morning. The clocks
of the site decide, also on the days on which they are put forward or back.

**In force.** The file is read at the start, and whenever it is asked for: by ` + "`butlr-gateway reload`" + `, by ` + "`systemctl reload`" + `
or by a hangup (SIGHUP). That checks the whole file first; where something is wrong it says so and changes nothing. Then it
puts in force what can be while a building is served: keys that the tables mark with *reload*, and all settings. No Modbus and
no MQTT session ends for it, but those of Modbus clients whom ` + "`allow`" + ` does not have any more. It says which keys it applied, and
which wait for a restart. ` + "`allow`" + `, secrets and ` + "`trusted_proxies`" + ` wait as well where ` + "`listen`" + ` of the same section is another.
What reads otherwise for new settings does so at once, and as it would after a restart.

**Secrets** can stand in the file, but are better kept out of it: ` + "`\"env:NAME\"`" + ` takes the environment variable
` + "`NAME`" + `, ` + "`\"file:PATH\"`" + ` the only line of a file, which other users must not be able to read (` + "`chmod o-rwx PATH`" + `,
or on Windows the access list of the folder).
No command and no log shows a secret.

**TLS for the webhook.** Butlr posts over HTTPS only. Either the gateway has a certificate that the public trusts
(` + "`tls_cert`" + `, ` + "`tls_key`" + `), or it orders one (` + "`acme_domain`" + `), or a reverse proxy on the same machine has it and passes requests on to a listener on
` + "`127.0.0.1`" + `; then put the proxy's address into ` + "`trusted_proxies`" + `. Without TLS the gateway refuses to listen beyond this machine.
[ways-in.md](ways-in.md) has an example of each.

` + "`packaging/gateway.toml`" + ` is an example with every key.
`

// WriteReference writes docs/configuration.md: every key, its type, default, meaning and an example.
func WriteReference(w io.Writer) error {
	out := bufio.NewWriter(w)
	out.WriteString(introduction)
	for _, s := range Sections() {
		fmt.Fprintf(out, "\n## `[%s]`\n\n%s\n", s.Name, s.About)
		if s.Settings {
			fmt.Fprintf(out, "\nIt takes the settings: every key of `[state]` but %s.\n", andList(coded(namesOf(stateTable))))
		}
		if len(s.Keys) == 0 {
			continue
		}
		out.WriteString("\n| key | type | default | in force after | meaning | example |\n|---|---|---|---|---|---|\n")
		for _, k := range s.Keys {
			fmt.Fprintf(out, "| `%s` | %s | %s | %s | %s | `%s = %s` |\n", k.Name, k.Type, code(k.Default), after(&s, &k), cell(k.Meaning), k.Name, k.Example)
		}
	}
	return out.Flush()
}

// after says what puts a key in force.
func after(s *Section, k *Key) string {
	if Live(s.Name+"."+k.Name, nil) {
		return "reload"
	}
	return "restart"
}

func code(text string) string {
	if text == "" {
		return "–"
	}
	return "`" + text + "`"
}

func coded(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = code(text)
	}
	return list
}

// cell keeps a text from ending a table's cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
