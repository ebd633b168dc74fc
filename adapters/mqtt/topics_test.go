package mqtt

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"butlr-gateway/gateway"
)

func TestTopicOf(t *testing.T) {
	long := strings.Repeat("a", 60)
	for name, c := range map[string]struct {
		id   gateway.AssetID
		kind gateway.Kind
		want string
	}{
		"Butlr's id stays as it is":     {"room_3jsO3M1KzCEuPDimYj0iZrqyaiW", gateway.Room, "butlr/hq/room/room_3jsO3M1KzCEuPDimYj0iZrqyaiW"},
		"a floor is a space at Butlr's": {"space_34Sk", gateway.Floor, "butlr/hq/floor/space_34Sk"},
		"a group goes by its key":       {"group:ahu-3", gateway.Group, "butlr/hq/group/ahu-3"},
		"a wildcard is hashed":          {"room_#", gateway.Room, "butlr/hq/room/h-3aebb58fafeeacc450b9391ae2111f1a"},
		"a slash is hashed":             {"room_a/b", gateway.Room, "butlr/hq/room/h-"},
		"what is too long is hashed":    {gateway.AssetID("room_" + long), gateway.Room, "butlr/hq/room/h-"},
		"a key like a hash is hashed":   {"group:h-00000000000000000000000000000000", gateway.Group, "butlr/hq/group/h-"},
		"a key nearly like one is not":  {"group:h-000", gateway.Group, "butlr/hq/group/h-000"},
		"an empty key is hashed":        {"group:", gateway.Group, "butlr/hq/group/h-"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Topic("butlr/hq", &gateway.Asset{ID: c.id, Kind: c.kind})
			if got != c.want && !(strings.HasSuffix(c.want, "h-") && strings.HasPrefix(got, c.want)) {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if strings.HasSuffix(got, strings.Repeat("0", 32)) {
				t.Errorf("%s can be the hash of something else", got)
			}
		})
	}
}

func TestTopicsNeverCollide(t *testing.T) {
	ids := rapid.OneOf(
		rapid.StringMatching(`room_[a-zA-Z0-9_\-]{0,70}`),
		rapid.StringMatching(`h-[0-9a-f]{31,33}`),
		rapid.String(),
		rapid.Custom(func(t *rapid.T) string {
			return levelOf(&gateway.Asset{ID: gateway.AssetID(rapid.String().Draw(t, "id")), Kind: gateway.Room})
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		a, b := ids.Draw(t, "a"), ids.Draw(t, "b")
		kind := rapid.SampledFrom([]gateway.Kind{gateway.Room, gateway.Group}).Draw(t, "kind")
		prefix := ""
		if kind == gateway.Group {
			prefix = "group:"
		}
		levels := [2]string{}
		for i, id := range []string{a, b} {
			levels[i] = levelOf(&gateway.Asset{ID: gateway.AssetID(prefix + id), Kind: kind})
			if !isLevel(levels[i]) {
				t.Fatalf("%q becomes %q, which is no topic level", id, levels[i])
			}
		}
		if (a == b) != (levels[0] == levels[1]) {
			t.Fatalf("%q becomes %q and %q becomes %q", a, levels[0], b, levels[1])
		}
	})
}

func TestCheckRoot(t *testing.T) {
	for _, good := range []string{"butlr", "butlr/hq", "a.b/c-d_e/1"} {
		if err := checkRoot(good); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/", "/butlr", "butlr/", "a//b", "a+", "#", "a b", "$SYS", "a\x00", "café", strings.Repeat("a", maxRoot+1),
	} {
		if checkRoot(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
