package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
)

// nothingCommand is the bare handler that the gateway is compared with: it reads the body and answers.
func nothingCommand(_ context.Context, _ []string, w io.Writer) error {
	return serveBare(w, func() error { return nil })
}

// writtenCommand is one that has the disk keep a page before it answers.
func writtenCommand(_ context.Context, _ []string, w io.Writer) error {
	f, err := os.CreateTemp("", "bench")
	if err != nil {
		return err
	}
	page := make([]byte, 4096)
	var mu sync.Mutex
	err = serveBare(w, func() error {
		mu.Lock()
		defer mu.Unlock()
		if _, err := f.Write(page); err != nil {
			return err
		}
		return datasync(f)
	})
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// serveBare answers requests once their bodies are read and something is done. It prints its address, and ends with its
// input.
func serveBare(w io.Writer, do func() error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(w, l.Addr())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if do() != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
