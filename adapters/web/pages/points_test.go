package pages

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"butlr-gateway/adapters/web"
	"butlr-gateway/adapters/web/access"
	"butlr-gateway/gateway"
)

// sendList uploads a list as a browser does.
func sendList(t *testing.T, f *fixture, who access.Visitor, name, content string) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("list", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte(content))
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(access.With(t.Context(), who), http.MethodPost, "/points/plan", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	answer := httptest.NewRecorder()
	f.ServeHTTP(answer, r)
	return answer
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)

// What is imported is what was shown, once, by whoever was shown it.
// Seen to break it: the place of the new number shown as that of the old one; a token that stays; a token of anybody's; a tick that is not passed on.
func TestExactlyWhatWasShownIsImported(t *testing.T) {
	f := newFixture(t, building()...)
	f.points.proposal = &web.Proposal{
		Changes: []web.LedgerChange{{Step: "move", Asset: "room_3", Kind: "room", Name: hostile, From: new(gateway.Number(3)), To: 40, Reuse: true, Why: "the list says so"}, {Step: "add", Asset: "room_50", Name: "New", To: 50}},
		Notes:   []string{"two assets are not in the list"}, Moves: 1, Gateway: "0123abcd",
	}
	answer := sendList(t, f, anna, "list \u202e.csv", "the list")
	page := answer.Body.String()
	says(t, page, `What <bdi>list \u202e.csv</bdi> would change`, "Two assets are not in the list.", "<small>unit 1 / 148</small>", "<small>unit 1 / 740</small>", "<b>1</b> to move", "<b>1</b> to add", "was another's", "one number would come to mean another asset", "Do exactly this")
	token := tokenField.FindStringSubmatch(page)
	if answer.Code != 200 || token == nil {
		t.Fatalf("%d: no token in\n%s", answer.Code, page)
	}
	other := access.Visitor{Role: access.Operator, Name: "bert"}
	if answer := f.visit(t, other, "/points/import", url.Values{"token": {token[1]}}); answer.Code != http.StatusGone {
		t.Errorf("somebody else imported it: %d", answer.Code)
	}
	answer = f.visit(t, anna, "/points/import", url.Values{"token": {token[1]}, "moves": {"yes"}})
	if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != "/points?done=imported" {
		t.Errorf("%d to %s", answer.Code, answer.Header().Get("Location"))
	}
	if answer := f.visit(t, anna, "/points/import", url.Values{"token": {token[1]}}); answer.Code != http.StatusGone || !strings.Contains(answer.Body.String(), "upload it again") {
		t.Errorf("imported twice: %d", answer.Code)
	}
	if diff := cmp.Diff([]string{"propose the list", `import the list moves true by "anna"`}, f.points.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

func TestAListThatCannotBeImportedOffersNothing(t *testing.T) {
	f := newFixture(t, building()...)
	for _, proposal := range []web.Proposal{{Nothing: true}, {Conflicts: []string{"two assets want 40"}, Changes: []web.LedgerChange{{Step: "move"}}}} {
		f.points.proposal = &proposal
		if page := sendList(t, f, anna, "list.csv", "x").Body.String(); strings.Contains(page, "Do exactly this") {
			t.Errorf("%+v can be done", proposal)
		}
	}
	f.points.fails = web.BadOrder("reading the list: line 3 has no number")
	answer := sendList(t, f, anna, "list.csv", "x")
	if answer.Code != http.StatusBadRequest {
		t.Errorf("a broken list: %d", answer.Code)
	}
	says(t, answer.Body.String(), "Nothing was changed. Reading the list: line 3 has no number.")
	if answer := f.visit(t, anna, "/points/plan", url.Values{"list": {"none"}}); answer.Code != http.StatusBadRequest {
		t.Errorf("no file: %d", answer.Code)
	}
	if answer := sendList(t, f, anna, "list.csv", strings.Repeat("x", mostUpload+longestForm)); answer.Code < 400 {
		t.Errorf("a list without end: %d", answer.Code)
	}
	says(t, f.page(t, guest, "/points"), `href="/api/v1/points?format=xlsx"`, `href="/api/v1/points?format=csv&amp;columns=true"`)
}

// Seen to break it: uploads of one visitor that add up; no end of what is kept.
func TestUploadsAreBounded(t *testing.T) {
	u := newUploads()
	first := u.keep(0, "anna", []byte("1"))
	second := u.keep(0, "anna", []byte("2"))
	if _, ok := u.take(0, "anna", first); ok {
		t.Error("the list before the newest is kept")
	}
	if _, ok := u.take(uploadLife+time.Second, "anna", second); ok {
		t.Error("a list is kept for longer than was said")
	}
	for n := range 100 {
		u.keep(0, strings.Repeat("x", n), nil)
	}
	if len(u.kept) > mostUploads {
		t.Errorf("%d lists are kept", len(u.kept))
	}
}
