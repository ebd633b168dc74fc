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
