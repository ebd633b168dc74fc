package peers

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Get returns what asks a listener of HTTP for a path, for [Visits.Ask]. Whatever the answer is, it is one.
func Get(path string, secure bool) func(context.Context, net.Conn) error {
	return func(ctx context.Context, conn net.Conn) error {
		if secure {
			greeted, err := Greet(ctx, conn)
			if greeted == nil {
				return err
			}
			conn = greeted
		}
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path); err != nil {
			return err
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return errors.Join(err, answer.Body.Close())
	}
}

// Greet shakes hands over TLS with a listener of this program's own, whose certificate is for others to look at. Where
// the listener refuses, as one without a certificate yet, that is an answer too: it returns neither a connection nor an
// error.
func Greet(ctx context.Context, conn net.Conn) (net.Conn, error) {
	secure := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12})
	err := secure.HandshakeContext(ctx)
	if err == nil {
		return secure, nil
	}
	if refused, ok := errors.AsType[*net.OpError](err); ok && refused.Op == "remote error" {
		return nil, nil
	}
	return nil, err
}
