package pages

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/gateway"
)

// healthPage is the content of the page about the gateway itself.
type healthPage struct {
	Status       *web.Status // nil if the gateway does not answer
	Uptime       string
	Alarms       []alarm
	Reasons      []reason
	Disk         *web.Disk
	DiskTrouble  string
	Certificates []web.Certificate
	Asked        *web.Asked // of Butlr's API; nil where nothing is
	Place        *time.Location
}

// alarm is one in force, with what it means.
type alarm struct {
	web.Alarm
	Means string
}

// reason is why events were refused, and how many.
type reason struct {
	Name  string
	Count uint64
}

// alarmMeanings say what an alarm is for the building, and what to do.
var alarmMeanings = map[gateway.Alarm]string{
	gateway.FeedLost:            "A site says nothing any more. Its outputs follow their loss policies. Look at the site's network and at Butlr's webhook.",
	gateway.BrokerDown:          "Subscribers of that broker see old values. Modbus is not affected. Look at the broker, its address and its password.",
	gateway.JournalFailing:      "Events are answered with 503 and sent again later. Registers keep what was stored last. Make room on the disk, or make it writable.",
	gateway.ClockUntrusted:      "Ages count from arrival. Set this machine's clock, and look whether it is kept by NTP.",
	gateway.CertificateExpiring: "Clients will refuse the gateway from then on. Renew the certificate; the file is read again by itself. One that the gateway orders is renewed by itself once what stands in its way is gone.",
	gateway.MapFull:             "Some assets have no registers; they are on MQTT and on this page. Retire what is gone, or start a second gateway.",
	gateway.PushFailing:         "A controller is not written to, and falls back as it was set up to. Who polls says which one, and why.",
	gateway.WatchdogExpired:     "A master that should write the watchdog register does so no longer. Look at that master.",
	gateway.StateRestored:       "Part of the stored state could not be read at the start. What was lost is unknown until the next events, and totals of it begin anew; numbers are kept. The log has the whole list.",
	gateway.SubscriptionWrong:   "Butlr's webhook is not as configured, so that events may be missing. Compare it with the configuration.",
	gateway.SerialDown:          "No master on that line is answered. Look at the adapter and its cable.",
	gateway.PinUnmet:            "An asset does not have the number that the configuration pins it to. Points shows what stands in the way.",
	gateway.PollFailing:         "People and traffic are asked from Butlr's API, which has not answered for long: they are no longer renewed. Look at this machine's way out, and at the client's secrets.",
	gateway.BackupFailing:       "The daily copy of the state could not be made. Everything is served and kept all the same; look at the disk, and try \"butlr-gateway state backup\".",
	gateway.SensorOffline:       "Those sensors see nobody. Rooms that change-only feeds alone tell of follow their loss policies while all of theirs are offline. Look at their power, their batteries and their hives.",
	gateway.PartStuck:           "A part of the gateway itself does not answer, although the program runs. What it goes on with starts the gateway anew within minutes. Please report it, with a support bundle.",
}

func (p *Pages) serveHealth(w http.ResponseWriter, r *http.Request) {
	f := p.frame(r, "/health", "Health")
	f.Content, f.Scripts = p.healthPage(r.Context(), f), []string{"again.js"}
	p.show(w, http.StatusOK, "health", f)
}

func (p *Pages) healthPage(ctx context.Context, f *frame) *healthPage {
	out := &healthPage{Place: p.Place}
	asked, cancel := context.WithTimeout(ctx, answerTime/2)
	defer cancel()
	status, err := p.Reporter.Status(asked)
	if err != nil {
		f.Trouble = "The gateway does not answer: " + sentence(err.Error())
	} else {
		out.Status, out.Uptime = status, age(time.Duration(status.Uptime)*time.Second)
		slices.Reverse(status.Newest)
		for name, n := range status.Reasons {
			out.Reasons = append(out.Reasons, reason{name, n})
		}
		slices.SortFunc(out.Reasons, func(a, b reason) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	}
	for which, why := range p.Reporter.Alarms.Each {
		out.Alarms = append(out.Alarms, alarm{web.Alarm{Name: which.String(), Why: why}, alarmMeanings[which]})
	}
	if p.Sources.Disk != nil {
		if out.Disk, err = p.Sources.Disk(ctx); err != nil {
			out.DiskTrouble = err.Error()
		}
	}
	if p.Sources.Certificates != nil {
		out.Certificates = p.Sources.Certificates()
	}
	if p.Sources.Asked != nil {
		out.Asked = p.Sources.Asked()
	}
	return out
}

// auditPage is the content of the page about who did what.
type auditPage struct {
	Entries []web.AuditEntry
	Place   *time.Location
}

func (p *Pages) serveAudit(w http.ResponseWriter, r *http.Request) {
	f := p.frame(r, "/audit", "Audit")
	page := &auditPage{Place: p.Place}
	if p.Sources.Audit != nil {
		var err error
		if page.Entries, err = p.Sources.Audit(r.Context()); err != nil {
			p.failed(w, r, err)
			return
		}
	}
	f.Content, f.Scripts = page, []string{"again.js"}
	p.show(w, http.StatusOK, "audit", f)
}
