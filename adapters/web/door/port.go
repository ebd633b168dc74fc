package door

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"

	"butlr-gateway/adapters/internal/netcause"
)

// words are what the two sides of a port say to each other, so that each knows that the other read or wrote the file.
type words struct{ asked, answered string }

// Headers that the words are in.
const (
	askedHeader    = "Authorization"
	answeredHeader = "Butlr-Gateway"
)

// openPort opens a port of loopback, and writes into the file which it is.
func openPort(path string) (*Door, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Door{portListener{l, path}, &words{rand.Text(), rand.Text()}}
	if err := d.words.write(path, l.Addr().String()); err != nil {
		return nil, errors.Join(fmt.Errorf("writing %s: %w", path, err), d.Close())
	}
	return d, nil
}

// write writes the file, which nobody else may read before the words are in it. One that a process has left which is
// gone is written over: on Windows it cannot be removed while a command reads it.
func (w *words) write(path, address string) error {
	file, err := openOwn(path)
	if err != nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // another user's
			return err
		}
		if file, err = openOwn(path); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(file, "%s\n%s\n%s\n", address, w.asked, w.answered)
	return errors.Join(err, file.Close())
}

// openOwn opens a file that is empty, and for this user.
func openOwn(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := keepToSelf(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// guard answers those who say the right word, and says the other one.
func (w *words) guard(inside http.Handler) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.Header.Get(askedHeader)), []byte(w.asked)) != 1 {
			http.Error(to, "this port is for the gateway's own commands, which read in its state directory how they come in", http.StatusUnauthorized)
			return
		}
		to.Header().Set(answeredHeader, w.answered)
		inside.ServeHTTP(to, r)
	})
}

// portListener takes the file away when it is closed.
type portListener struct {
	net.Listener
	path string
}

// Close closes the port. A file that stays is no harm: nobody answers there.
func (l portListener) Close() error {
	_ = os.Remove(l.path)
	return l.Listener.Close()
}

// errStranger says that another program has the port by now.
var errStranger = errors.New("the port belongs to another program: the gateway that wrote the file is gone")

func toPort(path string) http.RoundTripper { return &portTransport{path: path} }

// portTransport reads the file for each request: the gateway may be another by then.
type portTransport struct {
	path string
	http.Transport
}

// RoundTrip sends a request to whoever wrote the file, and returns the answer if it is theirs.
func (t *portTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	address, of, err := readPort(t.path)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set(askedHeader, of.asked)
	r.URL.Host = address
	answer, err := t.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(answer.Header.Get(answeredHeader)), []byte(of.answered)) != 1 {
		return nil, errors.Join(errStranger, answer.Body.Close())
	}
	return answer, nil
}

func readPort(path string) (address string, of words, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", of, err
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 { // it is being written
		return "", of, &fs.PathError{Op: "reading", Path: path, Err: fs.ErrNotExist}
	}
	return lines[0], words{lines[1], lines[2]}, nil
}

func nobody(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, netcause.Refused) || errors.Is(err, errStranger)
}
