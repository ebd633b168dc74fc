package config

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"
)

// TestListsThatOpenAFileToEverybody. Seen to break it: entries that forbid taken for such that allow, those that only
// folders hand down counted, and no list at all taken for a closed one.
func TestListsThatOpenAFileToEverybody(t *testing.T) {
	for text, want := range map[string]bool{
		"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;LS)": false,
		"D:(A;;FR;;;BU)":              true,
		"D:(A;;FA;;;SY)(A;;0x1;;;WD)": true,
		"D:(A;;0x2;;;AU)":             true,
		"D:(D;;FA;;;WD)(A;;FA;;;BA)":  false,
		"D:(A;OIIO;FA;;;BU)":          false,
		"D:(A;;0x80;;;WD)":            false, // its attributes
		"D:":                          false, // nobody
		"D:NO_ACCESS_CONTROL":         true,
	} {
		of, err := windows.SecurityDescriptorFromString(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		list, _, err := of.DACL()
		if text == "D:NO_ACCESS_CONTROL" {
			list, err = nil, nil
		}
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := opens(list); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestASecretThatEverybodyMayRead is refused until the hint is followed. Seen to break it: the mode that Go makes up.
func TestASecretThatEverybodyMayRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "webhook.key")
	if err := os.WriteFile(path, []byte("a secret that is long enough 0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	give := func(text string) {
		of, err := windows.SecurityDescriptorFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := of.DACL()
		if err == nil {
			err = windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	give("D:P(A;;FA;;;BA)(A;;FA;;;WD)")
	if _, bad := secretFromFile(path, ThisMachine()); bad == nil || bad.hint != closing(path) {
		t.Errorf("everybody may read it: %+v", bad)
	}
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	give("D:P(A;;FA;;;" + user.User.Sid.String() + ")(D;;FA;;;WD)") // wine keeps what a list does not mention
	if _, bad := secretFromFile(path, ThisMachine()); bad != nil {
		t.Errorf("only its owner may read it: %+v", bad)
	}
}
