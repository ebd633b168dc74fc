package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"butlr-gateway/adapters/butlr/butlrtest"
)

// The secrets of the scripts about Butlr's API, each of which has the canary in it.
const (
	scriptClient  = "canary-client"
	scriptClientS = "canary-client-secret"
)

// scriptAPI is Butlr's API in a script, once the script has started one.
type scriptAPI struct {
	*butlrtest.API
	counted int // requests that butlr-asked has seen
}

// apiKey finds it among the values of a script.
type apiKey struct{}

func apiOf(ts *testscript.TestScript) *scriptAPI { return ts.Value(apiKey{}).(*scriptAPI) }

// butlrCommands are those of the scripts about Butlr's API:
//
//	butlr-api [camel]              start one, and set $API to its address; with camel it wants inputs in camelCase
//	butlr-has NAME EVENTS [URL]    somebody subscribes in Butlr's dashboard
//	butlr-knows FILE               what there is in the buildings, by kind
//	butlr-counts FILE              how many people are counted in each place, every minute
//	butlr-edit OLD NEW             somebody changes a text in every name, event and address of a subscription there
//	butlr-trouble STATUS…          the next requests are answered with these; - is answered as usual, and half with
//	                               a list of which a row cannot be answered
//	butlr-lists FILE               write what is subscribed to, with the secrets in clear
//	butlr-asked N                  so many requests were made since the last time
var butlrCommands = map[string]func(*testscript.TestScript, bool, []string){
	"butlr-api": startButlr, "butlr-has": subscribeAtButlr, "butlr-edit": editAtButlr, "butlr-trouble": troubleButlr,
	"butlr-lists": listAtButlr, "butlr-asked": countAtButlr, "butlr-knows": furnishButlr,
	"butlr-counts": countInButlr,
}

// withButlr adds them to other commands.
func withButlr(commands map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	maps.Copy(commands, butlrCommands)
	return commands
}

func startButlr(ts *testscript.TestScript, _ bool, args []string) {
	api := butlrtest.New(scriptClient, scriptClientS)
	api.CamelInputs = slices.Contains(args, "camel")
	server := httptest.NewServer(api)
	ts.Defer(server.Close)
	ts.Setenv("API", server.URL)
	apiOf(ts).API = api
}

func subscribeAtButlr(ts *testscript.TestScript, _ bool, args []string) {
	w := butlrtest.Webhook{
		Name: args[0], EventTypes: strings.Split(args[1], ","), URL: "https://app.example.org/canary-path", Timeout: 5,
		Key: "X-Their-Key", Value: "canary-of-theirs", Username: "canary-user", Password: "canary-password",
	}
	if len(args) > 2 {
		w.URL = args[2]
	}
	apiOf(ts).Subscribe(w)
}

func furnishButlr(ts *testscript.TestScript, _ bool, args []string) {
	var inventory butlrtest.Inventory
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &inventory))
	apiOf(ts).Furnish(inventory)
}

func countInButlr(ts *testscript.TestScript, _ bool, args []string) {
	var counts map[string]float64
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &counts))
	apiOf(ts).Count(func(id, _ string, _ time.Time) (float64, bool) {
		n, ok := counts[id]
		return n, ok
	})
}

func editAtButlr(ts *testscript.TestScript, _ bool, args []string) {
	replace := func(text string) string { return strings.ReplaceAll(text, args[0], args[1]) }
	apiOf(ts).Edit(func(list []butlrtest.Webhook) []butlrtest.Webhook {
		list = slices.Clone(list)
		for i := range list {
			w := &list[i]
			w.Name, w.URL, w.Value = replace(w.Name), replace(w.URL), replace(w.Value)
			w.EventTypes = slices.Clone(w.EventTypes)
			for k := range w.EventTypes {
				w.EventTypes[k] = replace(w.EventTypes[k])
			}
		}
		return list
	})
}

func troubleButlr(ts *testscript.TestScript, _ bool, args []string) {
	for _, word := range args {
		var next http.HandlerFunc
		switch word {
		case "-":
			next = butlrtest.Pass
		case "half":
			next = butlrtest.Text(`{"data":{"sites":{"data":[null]},"webhooks":[null]},"errors":[{"message":"a resolver failed for canary-client-secret"}]}`)
		default:
			code, err := strconv.Atoi(word)
			ts.Check(err)
			next = butlrtest.Status(code, "")
		}
		apiOf(ts).Trouble(next)
	}
}

func listAtButlr(ts *testscript.TestScript, _ bool, args []string) {
	var text strings.Builder
	for _, w := range apiOf(ts).Webhooks() {
		text.WriteString(strings.Join([]string{
			w.ID, w.Name, strings.Join(w.EventTypes, ","), w.URL, strconv.Itoa(w.Timeout), w.Key, w.Value, w.Username, w.Password,
			strconv.FormatBool(w.OnChange),
		}, " | ") + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

func countAtButlr(ts *testscript.TestScript, _ bool, args []string) {
	a := apiOf(ts)
	asked := len(a.Requests())
	if got := strconv.Itoa(asked - a.counted); got != args[0] {
		ts.Fatalf("Butlr was asked %s times, want %s", got, args[0])
	}
	a.counted = asked
}
