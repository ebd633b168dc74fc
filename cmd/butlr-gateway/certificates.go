package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"butlr-gateway/adapters/acme"
	"butlr-gateway/adapters/web"
	"butlr-gateway/config"
	"butlr-gateway/gateway"
)

// certificateNotice is how long before its end a certificate is an alarm.
const certificateNotice = 14 * 24 * time.Hour

// certificateLook is how often certificates are looked at: one that is ordered may be there any moment.
const certificateLook = 10 * time.Second

// watchCertificate raises an alarm while a certificate that the gateway shows is about to end, or is not there.
func (s *service) watchCertificate(ctx context.Context) error {
	look := time.NewTicker(certificateLook)
	defer look.Stop()
	for {
		if trouble := certificateTrouble(s.certificates(), s.clock().Wall); trouble != "" {
			s.alarms.Raise(gateway.CertificateExpiring, trouble)
		} else {
			s.alarms.Clear(gateway.CertificateExpiring)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// certificateTrouble says what is wrong with the first of the certificates that are wrong; "" if none is.
func certificateTrouble(certificates []web.Certificate, now time.Time) string {
	for _, c := range certificates {
		if c.Ends == 0 {
			return c.What + " has no certificate yet, so that nobody can connect: " + c.Why
		}
		end := gateway.Timestamp(c.Ends).Time()
		if end.Sub(now) >= certificateNotice {
			continue
		}
		remedy := c.Why
		if remedy == "" {
			remedy = "renew it; the file is read again by itself"
		}
		return c.What + "'s certificate ends on " + end.UTC().Format(time.DateTime) + " UTC: " + remedy
	}
	return ""
}

// printCertificates tells when each certificate that the gateway shows ends, and what keeps one from being ordered.
func printCertificates(w io.Writer, certificates []web.Certificate) {
	for _, c := range certificates {
		label, ends := "certificate", "ends "+gateway.Timestamp(c.Ends).Time().Local().Format(time.DateTime)
		if c.Ends == 0 {
			label, ends = "CERTIFICATE", "NONE YET"
		}
		fmt.Fprintf(w, "  %-11s of %s: %s\n", label, c.What, ends)
		if c.Why != "" {
			fmt.Fprintf(w, "  %-11s   %s\n", "", printable(c.Why))
		}
	}
}

// nameLimit is how long a check waits for DNS.
const nameLimit = 3 * time.Second

// printCertificate says what is known of the certificate that is ordered. Nothing of it keeps a gateway from its start:
// registers are served without it.
func printCertificate(ctx context.Context, w io.Writer, c *config.Config) error {
	if c.Webhook.ACMEDomain == "" {
		return nil
	}
	o, err := keeperOptions(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	o.Listen = "" // a gateway that runs has it
	k, err := acme.New(o)
	if err == nil {
		err = k.Listen()
	}
	if err != nil {
		return err
	}
	text := "none yet; the gateway orders it when it runs"
	if ends := k.Status().Ends; !ends.IsZero() {
		text = "ends " + ends.In(c.Gateway.Timezone).Format(time.DateTime)
	} else if nameless(ctx, o.Domain) {
		text += ", and DNS must know the name before: it knows none such"
	}
	_, err = fmt.Fprintf(w, "certificate of %s: %s\n", o.Domain, text)
	return err
}

// nameless tells whether DNS is sure that a name has no address.
func nameless(ctx context.Context, name string) bool {
	ctx, cancel := context.WithTimeout(ctx, nameLimit)
	defer cancel()
	_, err := net.DefaultResolver.LookupHost(ctx, name)
	unknown, ok := errors.AsType[*net.DNSError](err)
	return ok && unknown.IsNotFound
}
