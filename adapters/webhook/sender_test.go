package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"butlr-gateway/adapters/webhook"
)

func TestThreat01GuessedSecrets(t *testing.T) {
	const next = "Next-0123456789-ghijklmn"
	header := options()
	rotating := options()
	rotating.HeaderValueNext = next
	basic := open(options())
	basic.Username, basic.Password = "butlr", "p:ss wörd"
	both := options()
	both.Username, both.Password = basic.Username, basic.Password

	key := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("x-api-key", value) }
	}
	user := func(name, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(name, password) }
	}
	for _, test := range []struct {
		name    string
		options webhook.Options
		give    []func(*http.Request)
		want    int
	}{
		{"the right value", header, []func(*http.Request){key(secret)}, 204},
		{"none", header, nil, 401},
		{"an empty value", header, []func(*http.Request){key("")}, 401},
		{"the first character", header, []func(*http.Request){key(secret[:1])}, 401},
		{"all but the last character", header, []func(*http.Request){key(secret[:len(secret)-1])}, 401},
		{"a character more", header, []func(*http.Request){key(secret + "x")}, 401},
		{"another case", header, []func(*http.Request){key(strings.ToLower(secret))}, 401},
		{"a value of 8 KB", header, []func(*http.Request){key(strings.Repeat("x", 8<<10))}, 401},
		{"the value as a password", header, []func(*http.Request){user("", secret)}, 401},
		{"the next value without rotation", header, []func(*http.Request){key(next)}, 401},
		{"the old value while rotating", rotating, []func(*http.Request){key(secret)}, 204},
		{"the next value while rotating", rotating, []func(*http.Request){key(next)}, 204},
		{"both values joined", rotating, []func(*http.Request){key(secret + next)}, 401},
		{"an empty value while rotating", rotating, []func(*http.Request){key("")}, 401},
		{"the right user", basic, []func(*http.Request){user("butlr", "p:ss wörd")}, 204},
		{"a wrong password", basic, []func(*http.Request){user("butlr", "p:ss")}, 401},
		{"a wrong user", basic, []func(*http.Request){user("butlrx", "p:ss wörd")}, 401},
		{"no user", basic, nil, 401},
		{"header and user", both, []func(*http.Request){key(secret), user("butlr", "p:ss wörd")}, 204},
		{"only the header of both", both, []func(*http.Request){key(secret)}, 401},
		{"only the user of both", both, []func(*http.Request){user("butlr", "p:ss wörd")}, 401},
		{"no secret is asked for", open(options()), nil, 204},
	} {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/butlr", strings.NewReader("[]"))
		for _, give := range test.give {
			give(r)
		}
		o := test.options
		o.Metrics = options().Metrics
		w := answer(newServer(t, o), r)
		if w.Code != test.want {
			t.Errorf("%s: %d, want %d", test.name, w.Code, test.want)
		}
		if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (w.Code == 401 && o.Username != "") {
			t.Errorf("%s: challenged with %q", test.name, challenge)
		}
	}
}

// guess posts with a wrong secret from an address.
func guess(s *webhook.Server, from string) int {
	r := post("[]")
	r.Header.Set("X-Api-Key", "wrong")
	r.RemoteAddr = from
	return answer(s, r).Code
}

func TestGuessesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, options())
		count := func(from string, tries int) (wrong, limited int) {
			for range tries {
				switch code := guess(s, from); code {
				case 401:
					wrong++
				case 429:
					limited++
				default:
					t.Fatalf("%d for a wrong secret", code)
				}
			}
			return wrong, limited
		}
		if wrong, limited := count("192.0.2.1:1000", 10_000); wrong != 10 || limited != 9_990 {
			t.Errorf("%d guesses and %d refusals, want 10 and 9990", wrong, limited)
		}
		if code := guess(s, "192.0.2.1:2000"); code != 429 {
			t.Errorf("another port has its own guesses: %d", code)
		}
		valid := post("[]")
		valid.RemoteAddr = "192.0.2.1:3000"
		if code := answer(s, valid).Code; code != 204 {
			t.Errorf("the right secret was locked out: %d", code)
		}
		if code := guess(s, "192.0.2.2:1000"); code != 401 {
			t.Errorf("one address takes the guesses of another: %d", code)
		}
		time.Sleep(time.Minute)
		if wrong, _ := count("192.0.2.1:1000", 100); wrong != 10 {
			t.Errorf("%d guesses a minute later, want 10", wrong)
		}

		if wrong, _ := count("[2001:db8:1:2::1]:1000", 10); wrong != 10 {
			t.Errorf("%d guesses of a fresh network, want 10", wrong)
		}
		if code := guess(s, "[2001:db8:1:2:ffff::9]:1000"); code != 429 {
			t.Errorf("an IPv6 network has guesses for each address: %d", code)
		}
		if code := guess(s, "[2001:db8:1:3::1]:1000"); code != 401 {
			t.Errorf("one IPv6 network takes the guesses of another: %d", code)
		}
		if w := answer(s, func() *http.Request {
			r := post("[]")
			r.Header.Set("X-Api-Key", "wrong")
			r.RemoteAddr = "[2001:db8:1:2::1]:1000"
			return r
		}()); w.Header().Get("Retry-After") == "" {
			t.Error("429 does not say when to try again")
		}
	})
}

func TestGuessesOfManyAddressesTakeNoMemory(t *testing.T) {
	s := newServer(t, options())
	for i := range 20_000 {
		guess(s, fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
	}
	r := post("[]")
	r.Header.Set("X-Api-Key", "wrong")
	i := 0
	perGuess := testing.AllocsPerRun(1000, func() {
		r.RemoteAddr = fmt.Sprintf("11.0.%d.%d:1", i>>8&255, i&255)
		i++
	})
	// The table is full by now: nothing that a further address brings may be kept. What is left are
	// the allocations of making one answer.
	if perGuess > 10 {
		t.Errorf("%v allocations a guess", perGuess)
	}
}

func TestThreat12MadeUpAddresses(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8::/64")}
	for _, test := range []struct {
		name      string
		peer      string
		forwarded []string
		want      string
	}{
		{"nobody is forwarded", "192.0.2.1:9", nil, "192.0.2.1"},
		{"a stranger's header is not believed", "192.0.2.1:9", []string{"198.51.100.7"}, "192.0.2.1"},
		{"a proxy's is", "127.0.0.1:9", []string{"198.51.100.7"}, "198.51.100.7"},
		{"the last one counts", "127.0.0.1:9", []string{"203.0.113.5, 198.51.100.7"}, "198.51.100.7"},
		{"proxies are passed over", "127.0.0.1:9", []string{"203.0.113.5, 198.51.100.7, 10.0.0.8"}, "198.51.100.7"},
		{"lines are read as one", "127.0.0.1:9", []string{"203.0.113.5", "198.51.100.7", "10.0.0.8"}, "198.51.100.7"},
		{"only proxies", "127.0.0.1:9", []string{"10.0.0.9,10.0.0.8"}, "10.0.0.9"},
		{"rubbish ends it", "127.0.0.1:9", []string{"198.51.100.7, x, 10.0.0.8"}, "10.0.0.8"},
		{"empty", "127.0.0.1:9", []string{""}, "127.0.0.1"},
		{"with a port", "127.0.0.1:9", []string{"198.51.100.7:4711"}, "198.51.100.7"},
		{"IPv6 with a port", "127.0.0.1:9", []string{"[2001:db8:9::1]:4711"}, "2001:db8:9::1"},
		{"IPv6 proxy", "[2001:db8::5]:9", []string{"2001:db8:9::1"}, "2001:db8:9::1"},
		{"IPv4 in IPv6", "[::ffff:127.0.0.1]:9", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		{"a zone", "[2001:db8:9::1%eth0]:9", nil, "2001:db8:9::1"},
	} {
		r := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded}}
		if got := webhook.SenderOf(trusted, r).String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
