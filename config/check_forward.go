package config

import (
	"maps"
	"net"
	"slices"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"
)

// The bounds of what may wait for an endpoint. With less than the first a few bodies would fill it.
const (
	smallestQueue = 1 << 20
	largestQueue  = 1 << 40
)

func (d *document) checkForward(c *Config) {
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Forward)) {
		key := toml.Key{"forward", name}
		if !groupKey.MatchString(name) {
			d.refuse(key, fault{message: "is not a name for an endpoint", hint: pushKeyHint + ", as in [forward.workplace-app]"})
			continue
		}
		// The name is that of a directory, and on some disks those are the same.
		if other, found := seen[strings.ToLower(name)]; found {
			d.refuse(key, fault{message: "has the name of forward." + other + " but for capitals", hint: "give it another"})
			continue
		}
		seen[strings.ToLower(name)] = name
		f := c.Forward[name]
		d.checkEndpoint(c, "forward."+name, &f)
	}
}

func (d *document) checkEndpoint(c *Config, section string, f *Forward) {
	d.checkEndpointURL(c, section+".url", f.URL)
	d.needs(section+".header_name", f.HeaderName != "", "header_value", f.HeaderValue.IsSet())
	d.needs(section+".header_value", f.HeaderValue.IsSet(), "header_name", f.HeaderName != "")
	d.needs(section+".username", f.Username != "", "password", f.Password.IsSet())
	d.needs(section+".password", f.Password.IsSet(), "username", f.Username != "")
	switch {
	case f.HeaderName != "" && !headerToken.MatchString(f.HeaderName):
		d.wrong(section+".header_name", "is not the name of an HTTP header", `use letters, digits and "-", as in "X-Api-Key"`)
	case strings.EqualFold(f.HeaderName, "Authorization") && f.Username != "":
		d.wrong(section+".header_name", "is the header that username and password use", "remove one or the other")
	case slices.ContainsFunc(reservedHeaders, func(name string) bool { return strings.EqualFold(name, f.HeaderName) }):
		d.wrong(section+".header_name", "is a header that the gateway sets itself", `choose another, as in "X-Api-Key"`)
	}
	if text := f.HeaderValue.Reveal(); strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text {
		d.wrong(section+".header_value", "begins, ends or is broken by white space, which a header cannot carry", "copy it again, without what stands around it")
	}
	if strings.Contains(f.Username, ":") {
		d.wrong(section+".username", "holds a colon, which HTTP Basic cannot carry", "choose another name") // RFC 7617, section 2
	}
	if f.QueueMax < smallestQueue || f.QueueMax > largestQueue {
		d.wrong(section+".queue_max", "is not between 1MiB and 1TiB", sizeHint)
	}
}

// reservedHeaders are about the request itself.
var reservedHeaders = []string{"Host", "Content-Length", "Content-Type", "Content-Encoding", "Transfer-Encoding", "Connection", "Trailer", "Expect", "User-Agent"}

// checkEndpointURL demands a URL, and not our own: what is passed on there would come back for ever.
func (d *document) checkEndpointURL(c *Config, key string, address WebURL) {
	if address == "" {
		d.wrong(key, "must be set", urlHint)
		return
	}
	_, port, bad := c.Webhook.Listen.split()
	parts := address.parts()
	own := bad == nil && address.host().IsLoopback() && parts.Path == c.Webhook.Path && portOf(address) == port
	if own || address == c.Butlr.PublicURL {
		d.wrong(key, "is this gateway's own webhook, which would pass everything on to itself for ever", "write the URL of the other application")
	}
}

// portOf returns the port of an address, that of its scheme where it says none.
func portOf(address WebURL) uint16 {
	parts := address.parts()
	name := parts.Port()
	if name == "" {
		name = parts.Scheme
	}
	port, _ := net.LookupPort("tcp", name)
	return uint16(port)
}
