package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// secrets are what a sender must know. Only hashes are kept and compared: they are of one length,
// so that the time it takes tells nothing about a secret, not even how long it is.
type secrets struct {
	header string // canonical name; "" asks for none
	values [][sha256.Size]byte
	basic  *[sha256.Size]byte // of "user:password"; nil asks for none
}

func newSecrets(o *Options) *secrets {
	s := &secrets{}
	if o.HeaderName != "" {
		s.header = http.CanonicalHeaderKey(o.HeaderName)
		s.values = append(s.values, sha256.Sum256([]byte(o.HeaderValue)))
		if o.HeaderValueNext != "" {
			s.values = append(s.values, sha256.Sum256([]byte(o.HeaderValueNext)))
		}
	}
	if o.Username != "" {
		s.basic = new(sha256.Sum256([]byte(o.Username + ":" + o.Password)))
	}
	return s
}

// know tells whether the sender of r knows all that it must.
func (s *secrets) know(r *http.Request) bool {
	right := 1
	if s.header != "" {
		given := sha256.Sum256([]byte(r.Header.Get(s.header)))
		one := 0
		for i := range s.values {
			one |= subtle.ConstantTimeCompare(given[:], s.values[i][:])
		}
		right &= one
	}
	if s.basic != nil {
		user, password, _ := r.BasicAuth()
		given := sha256.Sum256([]byte(user + ":" + password))
		right &= subtle.ConstantTimeCompare(given[:], s.basic[:])
	}
	return right == 1
}
