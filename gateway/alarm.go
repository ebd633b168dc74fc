package gateway

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Alarm is something that a person must know about the gateway as a whole. The order is promised to
// controllers: alarms are only ever appended.
type Alarm uint8

// The alarms.
const (
	FeedLost            Alarm = iota // a site is silent
	BrokerDown                       // readings do not reach the broker
	JournalFailing                   // nothing can be stored: disk full, read-only or broken
	ClockUntrusted                   //
	CertificateExpiring              // in less than 14 days
	MapFull                          // assets that no longer fit the map
	PushFailing                      // a controller cannot be written to
	WatchdogExpired                  // a master that should write no longer does
	StateRestored                    // part of the stored state was damaged, and was restored so far as it could be
	SubscriptionWrong                // Butlr's webhook is not as configured
	SerialDown                       // a serial port is gone, or cannot be opened
	PinUnmet                         // an asset does not have the number that the configuration pins it to
	BackupFailing                    // the daily copy of the state cannot be made
	SensorOffline                    // sensors or hives are offline, by Butlr's API
	PollFailing                      // Butlr's API, from which everything is asked, has not answered for long
	PartStuck                        // a part of the gateway itself does not answer. The last that there is room for: controllers read 16 bits
	AlarmCount          = iota
)

var alarmNames = [AlarmCount]string{
	"feed_lost", "broker_down", "journal_failing", "clock_untrusted", "certificate_expiring", "map_full",
	"push_failing", "watchdog_expired", "state_restored", "subscription_wrong", "serial_down",
	"pin_unmet", "backup_failing", "sensor_offline", "poll_failing", "part_stuck",
}

// String returns the alarm's name.
func (a Alarm) String() string {
	if int(a) < len(alarmNames) {
		return alarmNames[a]
	}
	return fmt.Sprintf("alarm(%d)", uint8(a))
}

// Alarms is the set of alarms in force. The zero value is ready; it is safe for several goroutines.
type Alarms struct {
	bits atomic.Uint32
	mu   sync.Mutex
	why  [AlarmCount]string
	log  *slog.Logger
}

// NewAlarms returns a set that logs each change once.
func NewAlarms(log *slog.Logger) *Alarms { return &Alarms{log: log} }

// Bits returns the alarms in force, bit n for alarm n.
func (a *Alarms) Bits() uint32 { return a.bits.Load() }

// Raise puts an alarm in force and says why. Raising it again changes the words only.
func (a *Alarms) Raise(alarm Alarm, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := a.bits.Load()&(1<<alarm) == 0
	a.bits.Or(1 << alarm)
	a.why[alarm] = why
	if fresh && a.log != nil {
		a.log.Warn("alarm raised", "alarm", alarm.String(), "why", why)
	}
}

// Clear ends an alarm; one that is not in force is left alone.
func (a *Alarms) Clear(alarm Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.bits.Load()&(1<<alarm) == 0 {
		return
	}
	a.bits.And(^uint32(1 << alarm))
	a.why[alarm] = ""
	if a.log != nil {
		a.log.Info("alarm ended", "alarm", alarm.String())
	}
}

// Each calls yield with every alarm in force and why.
func (a *Alarms) Each(yield func(Alarm, string) bool) {
	a.mu.Lock()
	why, bits := a.why, a.bits.Load()
	a.mu.Unlock()
	for alarm := range Alarm(AlarmCount) {
		if bits&(1<<alarm) != 0 && !yield(alarm, why[alarm]) {
			return
		}
	}
}
