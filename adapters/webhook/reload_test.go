package webhook_test

import (
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"butlr-gateway/adapters/webhook"
)

// A secret is changed while events come, over connections that stay: who sends with one that both doors know is never
// turned away, and who sends with one that is out of force is. Options that are wrong, or are only looked at, change
// nothing.
//
// Seen to break it: the door changed as the options are looked at; the second value, the proxies or the password
// left out; the path taken over.
func TestSecretsAreChangedWhileEventsCome(t *testing.T) {
	const second, third = "sEcret-0123456789-second", "sEcret-0123456789-third."
	o := options()
	o.HeaderValueNext = second
	s, address := start(t, o)
	var client http.Client
	defer client.CloseIdleConnections()
	post := func(c *http.Client, path, key, value string) int {
		r, err := http.NewRequest(http.MethodPost, "http://"+address+path, strings.NewReader("[]"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(key, value)
		answer, err := c.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wait.Go(func() {
			var sender http.Client
			defer sender.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if code := post(&sender, o.Path, "X-Api-Key", second); code != http.StatusNoContent {
					t.Errorf("a secret that was valid all the time: %d", code)
				}
			}
		})
	}
	to := o
	for n := range 200 {
		to.HeaderValue, to.HeaderValueNext, to.Path = second, third, "/elsewhere"
		if n%2 == 0 {
			to.HeaderValue, to.HeaderValueNext = secret, second
		}
		wrong := to
		wrong.HeaderName = ""
		if _, err := s.Reload(wrong); err == nil {
			t.Fatal("a value without a name was found right")
		}
		apply, err := s.Reload(to)
		if err != nil {
			t.Fatal(err)
		}
		apply()
	}
	close(stop)
	wait.Wait()
	to.HeaderValueNext = ""
	if _, err := s.Reload(to); err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]int{second: http.StatusNoContent, third: http.StatusNoContent, secret: http.StatusUnauthorized} {
		if got := post(&client, o.Path, "X-Api-Key", value); got != want {
			t.Errorf("%s: %d, want %d", value, got, want)
		}
	}
	to = webhook.Options{Username: "butlr", Password: secret, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	apply, err := s.Reload(to)
	if err != nil {
		t.Fatal(err)
	}
	apply()
	if got := post(&client, o.Path, "X-Api-Key", second); got != http.StatusUnauthorized {
		t.Errorf("a header where a password is asked for: %d", got)
	}
	for range 30 {
		post(&client, o.Path, "X-Forwarded-For", "192.0.2.7")
	}
	if got := post(&client, o.Path, "X-Forwarded-For", "192.0.2.8"); got != http.StatusUnauthorized {
		t.Errorf("somebody else behind the proxy: %d", got)
	}
}
