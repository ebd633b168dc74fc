package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/door"
)

// errNoGateway says that there is nobody to ask.
var errNoGateway = errors.New("no gateway runs")

// How long a gateway may take to answer.
const (
	statusPatience = 5 * time.Second
	orderPatience  = 15 * time.Second // it waits for its disk
	ledgerPatience = 3 * time.Minute  // with many assets
	dumpPatience   = time.Minute
)

// remote is the gateway that runs on a state directory, reached over its control socket. Every error is
// errNoGateway if none runs.
type remote struct{ stateDir string }

var _ desk = remote{}

// Force has the gateway carry out an order.
func (r remote) Force(ctx context.Context, o web.ForceOrder) (*web.Forced, error) {
	return sendOrder[web.Forced](ctx, r, "force", orderPatience, o)
}

// Release has the gateway carry out an order.
func (r remote) Release(ctx context.Context, o web.ReleaseOrder) (*web.Released, error) {
	return sendOrder[web.Released](ctx, r, "release", orderPatience, o)
}

// ResetEstimate has the gateway carry out an order.
func (r remote) ResetEstimate(ctx context.Context, o web.ResetOrder) (*web.Reset, error) {
	return sendOrder[web.Reset](ctx, r, "reset-estimate", orderPatience, o)
}

// Rearrange has the gateway carry out an order.
func (r remote) Rearrange(ctx context.Context, o web.LedgerOrder) (*web.Rearranged, error) {
	return sendOrder[web.Rearranged](ctx, r, "ledger", ledgerPatience, o)
}

// Explain asks for everything about one asset.
func (r remote) Explain(ctx context.Context, name string) (*web.Explanation, error) {
	return fetch[web.Explanation](ctx, r, "explain?"+url.Values{"asset": {name}}.Encode())
}

// Dump asks for everything about every asset.
func (r remote) Dump(ctx context.Context, yield func(*web.Explanation) error) error {
	return r.get(ctx, "dump", dumpPatience, func(body io.Reader) error {
		in := json.NewDecoder(body)
		if _, err := in.Token(); err != nil { // the list begins
			return unreadable(err)
		}
		for in.More() {
			e := new(web.Explanation)
			if err := in.Decode(e); err != nil {
				return unreadable(err)
			}
			if err := yield(e); err != nil {
				return err
			}
		}
		if _, err := in.Token(); err != nil { // and ends
			return unreadable(err)
		}
		return nil
	})
}

// Contents asks what there is beside the assets.
func (r remote) Contents(ctx context.Context) (*web.Contents, error) {
	return fetch[web.Contents](ctx, r, "contents")
}

// Status asks the gateway how it is.
func (r remote) Status(ctx context.Context) (*web.Status, error) {
	return fetch[web.Status](ctx, r, "status")
}

func fetch[Answer any](ctx context.Context, r remote, path string) (*Answer, error) {
	answer := new(Answer)
	if err := r.get(ctx, path, statusPatience, decodeInto(answer)); err != nil {
		return nil, err
	}
	return answer, nil
}

func (r remote) get(ctx context.Context, path string, patience time.Duration, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, controlURL+path, nil)
	if err != nil {
		return err
	}
	return r.do(request, patience, read)
}

func sendOrder[Answer any](ctx context.Context, r remote, path string, patience time.Duration, order any) (*Answer, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, controlURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer := new(Answer)
	err = r.do(request, patience, decodeInto(answer))
	if _, silent := errors.AsType[silentGateway](err); silent {
		return nil, fmt.Errorf("%w; the order may or may not have been carried out: look with \"butlr-gateway state dump\"", err)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// controlURL begins every address on the control socket; the host in it means nothing.
const controlURL = "http://gateway/api/v1/"

// do sends a request and reads the answer, if it is a good one.
func (r remote) do(request *http.Request, patience time.Duration, read func(io.Reader) error) error {
	client := http.Client{Timeout: patience, Transport: door.To(controlSocket(r.stateDir))}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	switch {
	case door.Nobody(err):
		return fmt.Errorf("%w on the state directory %s; start it, or say with --config which configuration it has", errNoGateway, r.stateDir)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("asking the gateway: %w; %s", err, whoMayAsk)
	case err != nil:
		return silentGateway{err}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return errors.New(strings.TrimSpace(string(why)))
	}
	return read(response.Body)
}

// silentGateway is one that was asked and did not answer.
type silentGateway struct{ err error }

func (e silentGateway) Error() string {
	return "asking the gateway, which runs but does not answer: " + e.err.Error()
}
func (e silentGateway) Unwrap() error { return e.err }

func decodeInto(answer any) func(io.Reader) error {
	return func(body io.Reader) error {
		if err := json.NewDecoder(body).Decode(answer); err != nil {
			return unreadable(err)
		}
		return nil
	}
}

func unreadable(err error) error { return fmt.Errorf("reading the gateway's answer: %w", err) }
