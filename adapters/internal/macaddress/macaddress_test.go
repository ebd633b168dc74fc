package macaddress

import "testing"

// Seen to break it: colons kept; no dashes between bytes; a text that is no address cut into bytes.
func TestOneSpelling(t *testing.T) {
	for text, want := range map[string]string{
		"00-17-0d-00-00-71-3a-c2": "00-17-0d-00-00-71-3a-c2", "00:17:0D:00:00:71:3A:C2": "00-17-0d-00-00-71-3a-c2",
		"00170D0000713AC2": "00-17-0d-00-00-71-3a-c2", "0017.0d00.0071.3ac2": "00-17-0d-00-00-71-3a-c2",
		"": "", "Front-Door": "front-door",
	} {
		if got := string(Append([]byte("x"), []byte(text))); got != "x"+want {
			t.Errorf("%q is %q, want %q behind an x", text, got, want)
		}
	}
}
