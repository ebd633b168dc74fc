package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"butlr-gateway/adapters/internal/netcause"
)

// wordsOf says to a person why the broker cannot be reached, and what to do. Equal causes give equal
// words, without the ports that differ each time.
func wordsOf(err error) string {
	for _, known := range []struct {
		cause error
		words string
	}{
		{packets.ErrorRefusedBadUsernameOrPassword, refusedUser},
		{packets.ErrorRefusedNotAuthorised, refusedUser},
		{packets.ErrorRefusedIDRejected, "the broker refuses the client id: set another client_id"},
		{packets.ErrorRefusedBadProtocolVersion, "the broker does not speak MQTT 3.1.1"},
		{packets.ErrorRefusedServerUnavailable, "the broker says that it is not available"},
		{netcause.Refused, "nothing listens at this address: start the broker or correct its address"},
		{io.EOF, errEnded.Error()},
		{io.ErrUnexpectedEOF, errEnded.Error()},
		{netcause.Reset, errEnded.Error()},
		{netcause.Broken, errEnded.Error()},
		{errStalled, errStalled.Error()},
		{errForbidden, errForbidden.Error()},
	} {
		if errors.Is(err, known.cause) {
			return known.words
		}
	}
	if words := certificateWords(err); words != "" {
		return words
	}
	return networkWords(err)
}

const (
	refusedUser = "the broker refuses the user name or the password: correct username and password"
	silent      = "the broker does not answer"
)

func certificateWords(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the broker's certificate was issued by nobody we trust: set ca_file to its authority"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the broker's certificate is for another host name: use the name in it as the address"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return "the broker's certificate is not valid: " + e.Error()
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "the broker does not speak TLS at this port: use tcp:// or its TLS port"
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "remote error" { // a TLS alert
		return "the broker refuses our certificate or our TLS version: " + e.Err.Error()
	}
	return ""
}

func networkWords(err error) string {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return "the broker's host name " + e.Name + " cannot be resolved: correct the address or the name server"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return silent
	}
	for _, said := range []string{"pingresp not received", "broken by timeout"} { // paho has no values for them
		if strings.Contains(err.Error(), said) {
			return silent
		}
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}
