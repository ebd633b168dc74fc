package butlr

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// tokenKeeper keeps the token that questions are asked with.
type tokenKeeper struct {
	turn  chan struct{} // held by who may look at the rest
	token Secret
	until time.Time // when a new one is needed
}

func newTokenKeeper() tokenKeeper { return tokenKeeper{turn: make(chan struct{}, 1)} }

// get returns a token that is still good for a while. One of those who need one logs in, and the others wait.
func (k *tokenKeeper) get(ctx context.Context, login func(context.Context) (Secret, time.Time, error)) (Secret, error) {
	select {
	case k.turn <- struct{}{}:
	case <-ctx.Done():
		return Secret{}, ctx.Err()
	}
	defer func() { <-k.turn }()
	if k.token.IsSet() && time.Now().Before(k.until) {
		return k.token, nil
	}
	token, until, err := login(ctx)
	if err != nil {
		return Secret{}, err
	}
	k.token, k.until = token, until
	return token, nil
}

// drop forgets a token that is not taken, unless there is another by now.
func (k *tokenKeeper) drop(token Secret) {
	k.turn <- struct{}{}
	defer func() { <-k.turn }()
	if k.token.Same(token) {
		k.token = Secret{}
	}
}

const (
	// usualLife is how long a token is used that does not say when it ends. Butlr's last 1000 s.
	usualLife = 10 * time.Minute
	// longestLife is how long any token is used.
	longestLife = 24 * time.Hour
	// renewal is how long before its end a token is renewed, at most: a tenth of its life where that is less.
	renewal = time.Minute
)

// login asks for a token, once, and tells until when to use it.
func (c *Client) login(ctx context.Context) (token Secret, until time.Time, err error) {
	body, err := json.Marshal(map[string]string{
		"client_id": c.options.ClientID.Reveal(), "client_secret": c.options.ClientSecret.Reveal(),
		"audience": "https://butlrauth/", "grant_type": "client_credentials",
	})
	if err != nil {
		return token, until, err
	}
	secrets, begin := c.secrets(Secret{}), time.Now()
	text, err := c.post(ctx, loginPath, body, Secret{}, longestLogin, secrets)
	if locked, ok := errors.AsType[*lockedOut](err); ok {
		return token, until, &Denied{locked.why}
	}
	if refused, ok := errors.AsType[*Refused](err); ok {
		return token, until, &Denied{refused.Error()}
	}
	if passing, ok := errors.AsType[*again](err); ok {
		passing.undone = true // whatever is asked for comes only after the login
	}
	if err != nil {
		return token, until, err
	}
	var answer struct {
		AccessToken Secret          `json:"access_token"`
		ExpiresIn   json.RawMessage `json:"expires_in"`
	}
	if json.Unmarshal(text, &answer) != nil || !answer.AccessToken.IsSet() {
		return token, until, &again{err: errors.New("it answered the login without a token"), undone: true}
	}
	life := lifeOf(answer.ExpiresIn)
	return answer.AccessToken, begin.Add(life - min(renewal, life/10)), nil
}

// lifeOf reads how many seconds a token lives: a number, or one in quotes.
func lifeOf(seconds json.RawMessage) time.Duration {
	n, err := strconv.ParseFloat(strings.Trim(string(seconds), `"`), 64)
	if err != nil || !(n > 0) {
		return usualLife
	}
	return time.Duration(min(n, longestLife.Seconds()) * float64(time.Second))
}
