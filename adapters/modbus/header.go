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
	image *Image
	unit  int // counted from the base unit; from 100 on it is a column unit
	now   gateway.Instant
}

// headerFields are the registers 0–99 of every unit that are in use, in order. The others read 0.
var headerFields = [...]headerField{
	{field{0, "magic", text, noUnit, "", "the characters " + magic},
		func(header) uint32 { return binary.BigEndian.Uint32([]byte(magic)) }},
	{field{2, "schema", number16, noUnit, "", "version of the map's schema"},
		func(header) uint32 { return SchemaVersion }},
	{field{3, "checksum", number32, noUnit, "", "of the schema and of every asset's number; changes when an asset moves, not when one is appended"},
		func(h header) uint32 { return h.image.overview.checksum.Load() }},
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
		feedAge},
	{field{13, "assets", number16, noUnit, "", "assets in all; the seven counts by quality add up to it"},
		func(h header) uint32 { return counted(h.image.overview.assets.Load()) }},
	{field{14, "assets_good", number16, noUnit, "", "assets of quality good"},
		assetsOf(gateway.Good)},
	{field{15, "assets_held", number16, noUnit, "", "assets of quality held"},
		assetsOf(gateway.Held)},
	{field{16, "assets_substituted", number16, noUnit, "", "assets of quality substituted"},
		assetsOf(gateway.Substituted)},
	{field{17, "assets_forced", number16, noUnit, "", "assets of quality forced"},
		assetsOf(gateway.Forced)},
	{field{18, "events_accepted", number32, noUnit, "", "events accepted since the program started"},
		func(h header) uint32 { return uint32(h.image.overview.accepted.Load()) }},
	{field{20, "events_refused", number32, noUnit, "", "events refused since the program started"},
		func(h header) uint32 { return uint32(h.image.overview.refused.Load()) }},
	{field{22, "block_index", number16, noUnit, "", "which block unit this is, the base unit is 0; a column unit has that of its block unit"},
		func(h header) uint32 { return uint32(h.unit % columnUnits) }},
	{field{23, "assets_here", number16, noUnit, "", "assets on this unit"},
		assetsHere},
	{field{24, "watchdog", number16, noUnit, "", "what a master wrote last; written where [modbus.write] allows it"},
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
		func(h header) uint32 { return counted(h.image.overview.appended.Load()) }},
}

// uptime returns whole seconds since the start; the heartbeat is its low word.
func uptime(h header) uint32 {
	return uint32((h.now.Mono - h.image.options.Start.Mono) / time.Second)
}

func assetsOf(q gateway.Quality) func(header) uint32 {
	return func(h header) uint32 { return counted(h.image.overview.qualities[q].Load()) }
}

func assetsHere(h header) uint32 {
	if u := h.image.unit(h.unit); u != nil {
		return counted(int64(u.assets.Load()))
	}
	return 0
}

// feedAge returns how long ago the site was heard of that is silent for the longest.
func feedAge(h header) uint32 {
	return seconds(gateway.Timestamp(h.image.sites.silentest.Load()), h.image.timeAt(h.now))
}

// counted returns a count for a register, saturating.
func counted(n int64) uint32 { return uint32(min(n, math.MaxUint16)) }
