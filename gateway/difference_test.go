package gateway

import (
	"reflect"

	"github.com/google/go-cmp/cmp"
)

// Difference is cmp.Diff for values that are mostly equal: to find that out in a way that can also tell what
// differs takes most of a property's time.
func Difference(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got)
}
