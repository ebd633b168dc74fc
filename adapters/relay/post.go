package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	dialLimit   = 10 * time.Second
	answerLimit = 30 * time.Second // for a request, its answer included
	stopLimit   = 2 * time.Second  // for the request under way when the gateway stops
	answerBytes = 64 << 10         // of an answer that are read, so that its connection can be used again
)

// post is how a target is reached.
type post struct {
	address *url.URL
	header  http.Header
	client  http.Client
}

// newPost returns one for a target whose options are right. Redirects are not followed: another host must not
// see the target's secrets.
func newPost(o *Target, transport http.RoundTripper) *post {
	p := &post{header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"butlr-gateway"}}}
	p.address, _ = url.Parse(o.URL) // it was checked
	if o.HeaderName != "" {
		p.header.Set(o.HeaderName, o.HeaderValue)
	}
	if o.Username != "" {
		(&http.Request{Header: p.header}).SetBasicAuth(o.Username, o.Password)
	}
	if transport == nil {
		transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialLimit}).DialContext,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: dialLimit,
			MaxConnsPerHost: 1, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, DisableCompression: true,
		}
	}
	p.client = http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p
}

func (p *post) close() { p.client.CloseIdleConnections() }

// answer is what became of a body.
type answer struct {
	health Health
	why    string        // of all but Passing
	after  time.Duration // that the target wants to be left alone for
}

// send posts a body. When ctx ends the target has a moment to answer, so that the body need not come again.
func (p *post) send(ctx context.Context, body []byte) answer {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		wait(limited, stopLimit)
		cancel()
	})()
	request := (&http.Request{
		Method: http.MethodPost, URL: p.address, Host: p.address.Host, Header: p.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	}).WithContext(limited)
	response, err := p.client.Do(request)
	if err != nil {
		return answer{health: Failing, why: reason(err)}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, answerBytes)) // its status is all that counts
	_ = response.Body.Close()
	return judge(response.StatusCode, response.Header.Get("Retry-After"))
}

// judge tells what a status code means: 2xx taken; 4xx refused for good, but for 408 and 429; anything else is to
// be tried again. A redirect is told to the operator, who alone may send secrets elsewhere.
func judge(code int, retryAfter string) answer {
	why := fmt.Sprintf("it answers %d %s", code, http.StatusText(code))
	switch {
	case code >= 200 && code < 300:
		return answer{health: Passing}
	case code >= 300 && code < 400:
		return answer{health: Failing, why: why + ": correct the url, redirects are not followed"}
	case code >= 400 && code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests:
		return answer{health: Refusing, why: why}
	}
	seconds, err := strconv.Atoi(retryAfter)
	if err != nil || seconds < 0 || seconds > int(longestPause/time.Second) {
		seconds = 0
	}
	return answer{health: Failing, why: why, after: time.Duration(seconds) * time.Second}
}

// reason says why there was no answer. The address is said elsewhere.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("it does not answer within %s", answerLimit)
	}
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	return err.Error()
}
