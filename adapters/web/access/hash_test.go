package access

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// reference was made by the reference implementation, in its own test.c: version 19, password "password".
const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

// Seen to break it: passes and memory swapped; argon2i instead of argon2id.
func TestHashesOfOthersAreUnderstood(t *testing.T) {
	h, err := ParseHash(reference)
	if err != nil {
		t.Fatal(err)
	}
	if !h.matches("password") || h.matches("Password") || h.matches("") {
		t.Error("the reference implementation finds otherwise")
	}
}

// Seen to break it: a salt of zeros.
func TestANewHash(t *testing.T) {
	const password = "correct horse battery"
	a, b := NewHash(password), NewHash(password)
	if a.String() == b.String() || string(a.salt) == string(b.salt) {
		t.Error("two hashes of one password are alike")
	}
	again, err := ParseHash(a.String())
	if err != nil || again.String() != a.String() || again.cheap() {
		t.Fatalf("%s is read as %s, %v", a, again, err)
	}
	if !again.matches(password) || again.matches(password+" ") {
		t.Error("what was read is another password's")
	}
}

// Seen to break it: each bound moved by one, and each check taken out.
func TestWhatIsNoHash(t *testing.T) {
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, test := range []struct{ text, want string }{
		{"", "form"}, {"password", "form"}, {"$argon2id$", "form"}, {"$argon2i$v=19$m=65536,t=2,p=1$" + salt + "$" + key, "form"},
		{reference + "$", "form"}, {"$argon2id$m=65536,t=2,p=1$" + salt + "$" + key, "form"},
		{"$argon2id$v=16$m=65536,t=2,p=1$" + salt + "$" + key, "version"}, {"$argon2id$v=019$m=65536,t=2,p=1$" + salt + "$" + key, "version"},
		{"$argon2id$v=19$t=2,m=65536,p=1$" + salt + "$" + key, "m as a number"}, {"$argon2id$v=19$m=65536,t=2$" + salt + "$" + key, "m, t and p"},
		{"$argon2id$v=19$m=65536,t=2,p=1,x=1$" + salt + "$" + key, "m, t and p"}, {"$argon2id$v=19$m=+65536,t=2,p=1$" + salt + "$" + key, "m as a number"},
		{"$argon2id$v=19$m=065536,t=2,p=1$" + salt + "$" + key, "m as a number"}, {"$argon2id$v=19$m=262145,t=2,p=1$" + salt + "$" + key, "from 1 to 262144"},
		{"$argon2id$v=19$m=262144,t=0,p=1$" + salt + "$" + key, "t as a number"}, {"$argon2id$v=19$m=262144,t=33,p=1$" + salt + "$" + key, "from 1 to 32"},
		{"$argon2id$v=19$m=262144,t=32,p=17$" + salt + "$" + key, "from 1 to 16"}, {"$argon2id$v=19$m=65536,t=2,p=0$" + salt + "$" + key, "p as a number"},
		{"$argon2id$v=19$m=4294975488,t=2,p=1$" + salt + "$" + key, "m as a number"}, {"$argon2id$v=19$m=127,t=2,p=16$" + salt + "$" + key, "below 8 times p"},
		{"$argon2id$v=19$m=65536,t=2,p=1$" + salt + "=$" + key, "salt that is not in base64"}, {"$argon2id$v=19$m=65536,t=2,p=1$c29t\nZXNhbHQ$" + key, "salt that is not in base64"},
		{"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbA$" + key, "salt of 7 bytes"}, {"$argon2id$v=19$m=65536,t=2,p=1$" + salt + "$c29tZXNhbHQ", "hash of 8 bytes"},
		{"$argon2id$v=19$m=65536,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 22), "hash of 66 bytes"},
		{"$argon2id$v=19$m=65536,t=2,p=1$" + salt + "$" + key[:len(key)-1] + "d", "hash that is not in base64"}, // bits that say nothing
	} {
		_, err := ParseHash(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want an error about the %s", test.text, err, test.want)
		}
		if err != nil && (strings.Contains(err.Error(), key) || strings.Contains(err.Error(), salt)) {
			t.Errorf("%v shows the hash", err)
		}
	}
	for _, good := range []string{"m=262144,t=32,p=16", "m=8,t=1,p=1", "m=128,t=1,p=16"} {
		if _, err := ParseHash("$argon2id$v=19$" + good + "$" + salt + "$" + key); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

// Every hash is written in one way, which is read back.
func TestHashesComeBack(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		lanes := rapid.Uint8Range(1, mostLanes).Draw(r, "p")
		h := Hash{
			memory: rapid.Uint32Range(8*uint32(lanes), mostMemory).Draw(r, "m"), passes: rapid.Uint32Range(1, mostPasses).Draw(r, "t"), lanes: lanes,
			salt: rapid.SliceOfN(rapid.Byte(), leastSalt, mostBytes).Draw(r, "salt"), key: rapid.SliceOfN(rapid.Byte(), leastKey, mostBytes).Draw(r, "key"),
		}
		again, err := ParseHash(h.String())
		if err != nil || again.String() != h.String() || string(again.salt) != string(h.salt) || string(again.key) != string(h.key) ||
			again.memory != h.memory || again.passes != h.passes || again.lanes != lanes {
			r.Errorf("%s came back as %s: %v", h, again, err)
		}
	})
}

// FuzzParseHash reads anything. What it takes is what it would write, and costs no more than this machine can bear.
func FuzzParseHash(f *testing.F) {
	for _, seed := range []string{"", reference, reference[:60], strings.Replace(reference, "65536", "00", 1), "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHash(text)
		if err != nil {
			return
		}
		if h.String() != text {
			t.Errorf("%q is read as %q", text, h)
		}
		if h.memory < 8 || h.memory > mostMemory || h.passes < 1 || h.passes > mostPasses || h.lanes < 1 || h.lanes > mostLanes || len(h.salt) < 8 || len(h.key) < 16 {
			t.Errorf("%q is out of bounds", text)
		}
		if h.memory*h.passes <= 64 {
			h.matches("password") // it must not panic
		}
	})
}

// Seen to break it: the cost compared with the memory alone; hashes not compared with the other password.
func TestPasswordsThatCannotBeUsed(t *testing.T) {
	const long, other = "correct horse battery", "staple and more of it"
	hash := NewHash(long).String()
	cheap := func(cost string) string {
		return "$argon2id$v=19$" + cost + "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	}
	for _, test := range []struct{ operator, viewer, key, want string }{
		{"", "", "", ""}, {long, "", "", ""}, {"", long, "", ""}, {long, other, "", ""}, {hash, other, "", ""}, {other, hash, "", ""}, {"", hash, "", ""},
		{long, long, "viewer_password", "is the same as password"}, {hash, long, "viewer_password", "is the same as password"},
		{long, hash, "viewer_password", "is the same as password"}, {hash, hash, "viewer_password", "is the same as password"},
		{"$argon2id$rubbish", "", "password", "does not have the form"}, {other, "$argon2id$rubbish", "viewer_password", "does not have the form"},
		{cheap("m=19456,t=1,p=1"), "", "password", "costs too little"}, {cheap("m=7167,t=32,p=1"), "", "password", "costs too little"},
		{cheap("m=7168,t=5,p=1"), "", "", ""}, {cheap("m=7168,t=4,p=1"), "", "password", "costs too little"}, {cheap("m=19456,t=2,p=1"), "", "", ""},
	} {
		err := CheckPasswords(test.operator, test.viewer)
		bad, _ := err.(BadPassword)
		if (err == nil) != (test.want == "") || bad.Key != test.key || !strings.Contains(bad.Message, test.want) {
			t.Errorf("%q and %q: %v, want %s %s", test.operator, test.viewer, err, test.key, test.want)
		}
		if err != nil && (strings.Contains(err.Error(), long) || strings.Contains(err.Error(), "c29tZXNhbHQ") || bad.Hint == "") {
			t.Errorf("%v shows a secret, or no way out", err)
		}
	}
}
