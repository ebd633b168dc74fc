package modbus

import (
	"encoding/binary"
	"math"
	"time"

	"butlr-gateway/gateway"
)

// headerField is a field of the header and where its value comes from.
type headerField struct {
	field
	of func(header) uint32
}

// header is what a unit's header is read from, at one moment.
type header struct {
	image *Image // locked
	unit  int    // counted from the base unit
	now   gateway.Instant
}

// headerFields are the registers 0–99 of every unit that are in use, in order. The others read 0.
var headerFields = [...]headerField{
	{field{0, "magic", text, noUnit, "", "the characters " + magic},
		func(header) uint32 { return binary.BigEndian.Uint32([]byte(magic)) }},
	{field{2, "schema", number16, noUnit, "", "version of the map's schema"},
		func(header) uint32 { return schemaVersion }},
	{field{3, "checksum", number32, noUnit, "", "of the schema and of every asset's number; changes when an asset moves, not when one is appended"},
		func(h header) uint32 { return h.image.ledger.sum }},
	{field{5, "heartbeat", number16, noUnit, "", "one more every second, then from 0 again"},
		uptime},
	{field{6, "unix_time", number32, unitSecond, "", "the gateway's clock: seconds since 1970 UTC"},
		func(h header) uint32 { return uint32(h.now.Wall.Unix()) }},
	{field{8, "uptime", number32, unitSecond, "", "since the gateway's program started"},
		uptime},
	{field{10, "boot", number16, noUnit, "", "starts of the program so far"},
		func(h header) uint32 { return uint32(h.image.options.Boot) }},
	{field{11, "alarms", bits16, noUnit, "", "alarms in force; each is a discrete input and coil too"},
		func(h header) uint32 { return h.image.options.Alarms.Bits() }},
	{field{12, "feed_age", number16, unitSecond, "never", "since the newest event of the site that is silent for the longest; stops at 65534"},
		func(h header) uint32 { return seconds(h.image.sites.silentest, h.image.time(h.now)) }},
	{field{13, "assets", number16, noUnit, "", "assets in all; the seven counts by quality add up to it"},
		func(h header) uint32 { return counted(h.image.summary.Assets) }},
	{field{14, "assets_good", number16, noUnit, "", "assets of quality good"},
		assetsOf(gateway.Good)},
	{field{15, "assets_held", number16, noUnit, "", "assets of quality held"},
		assetsOf(gateway.Held)},
	{field{16, "assets_substituted", number16, noUnit, "", "assets of quality substituted"},
		assetsOf(gateway.Substituted)},
	{field{17, "assets_forced", number16, noUnit, "", "assets of quality forced"},
		assetsOf(gateway.Forced)},
	{field{18, "events_accepted", number32, noUnit, "", "events accepted since the program started"},
		func(h header) uint32 { return uint32(h.image.summary.Accepted) }},
	{field{20, "events_refused", number32, noUnit, "", "events refused since the program started"},
		func(h header) uint32 { return uint32(h.image.summary.Refused) }},
	{field{22, "block_index", number16, noUnit, "", "which of the gateway's units this is, the base unit is 0"},
		func(h header) uint32 { return uint32(h.unit) }},
	{field{23, "assets_here", number16, noUnit, "", "assets on this unit"},
		assetsHere},
	{field{24, "watchdog", number16, noUnit, "", "what a master wrote last; it can be written where writing is allowed"},
		func(h header) uint32 { return uint32(h.image.watchdog.value(h.unit)) }},
	{field{25, "watchdog_age", number16, unitSecond, "never", "since a master wrote the watchdog"},
		func(h header) uint32 { return h.image.watchdog.age(h.unit, h.now) }},
	{field{26, "assets_uncertain", number16, noUnit, "", "assets of quality uncertain"},
		assetsOf(gateway.Uncertain)},
	{field{27, "assets_never", number16, noUnit, "", "assets of quality never"},
		assetsOf(gateway.Never)},
	{field{28, "assets_out_of_service", number16, noUnit, "", "assets of quality out of service"},
		assetsOf(gateway.OutOfService)},
	{field{29, "assets_appended", number16, noUnit, "", "assets that the checksum does not cover"},
		func(h header) uint32 { return counted(h.image.ledger.appended) }},
}

// uptime returns whole seconds since the start; the heartbeat is its low word.
func uptime(h header) uint32 {
	return uint32((h.now.Mono - h.image.options.Start.Mono) / time.Second)
}

func assetsOf(q gateway.Quality) func(header) uint32 {
	return func(h header) uint32 { return counted(h.image.summary.Qualities[q]) }
}

func assetsHere(h header) uint32 {
	if u := h.image.units[h.unit]; u != nil {
		return counted(u.assets)
	}
	return 0
}

// counted returns a count for a register, saturating.
func counted(n int) uint32 { return uint32(min(n, math.MaxUint16)) }
