package token_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
	"github.com/go-jose/go-jose/v4"
)

func (w *world) keyRequests() int { return w.issuer.Requests(tokentest.KeysPath) }

func TestKeysAreFetchedOnceForManyTokens(t *testing.T) {
	w := newWorld(t)
	raws := make([]string, 50)
	for i := range raws {
		raws[i] = w.issuer.Sign(w.claims(map[string]any{"jti": i}))
	}
	var wg sync.WaitGroup
	for _, raw := range raws {
		wg.Go(func() {
			if _, err := w.Verify(t.Context(), raw, endpoint); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.keyRequests(); n != 1 {
		t.Errorf("%d requests for keys", n)
	}
}

func TestARotatedKeyIsFoundByItself(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	before := w.good()
	w.Add(11 * time.Second)
	w.issuer.Rotate()
	w.accepts(t, w.good())
	w.accepts(t, before)
	if n := w.keyRequests(); n != 2 {
		t.Errorf("%d requests for keys", n)
	}
}

func TestAKeyWithoutAnIDIsFoundByTrying(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.issuer.Sign(w.claims(nil), tokentest.WithKeyID("")))
	w.Add(11 * time.Second)
	w.issuer.Rotate()
	w.issuer.Retire()
	w.accepts(t, w.issuer.Sign(w.claims(nil), tokentest.WithKeyID("")))
}

func TestUnknownKeyIDsAreFetchedAtIntervals(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	stranger := tokentest.NewKey(t, jose.ES256, "")
	for i := range 100 {
		w.Add(100 * time.Millisecond)
		raw := stranger.Sign(t, w.claims(nil), tokentest.WithKeyID(fmt.Sprint("made-up-", i)))
		if _, err := w.Verify(t.Context(), raw, endpoint); err == nil {
			t.Fatal("accepted")
		}
	}
	if n := w.keyRequests(); n != 2 { // the first, and one after ten seconds
		t.Errorf("%d requests for keys", n)
	}
}

// The issuer rotated a moment after the keys were fetched: a 401 would end a login that is fine.
func TestAnUnknownRecentKeyIsUnavailable(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	w.Add(3 * time.Second)
	w.issuer.Rotate()
	young := w.good()
	if _, wait := w.cannotTell(t, young); wait != 7*time.Second {
		t.Errorf("to be tried again after %s", wait)
	}
	w.Add(7 * time.Second)
	w.accepts(t, young)
}

// What is older than the keys we have was signed with a key that is gone; to wait would keep the
// client from signing in.
func TestATokenOlderThanTheKeysIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t)
	old := w.good()
	w.issuer.Rotate()
	w.issuer.Retire()
	w.Add(time.Minute)
	w.accepts(t, w.good())
	w.refuses(t, old, token.ReasonSignature)
}

func TestARetiredKeyIsDroppedWhileTheIssuerIsUp(t *testing.T) {
	w := newWorld(t)
	live := func() map[string]any {
		return w.claims(map[string]any{"exp": w.Now().Add(time.Hour).Unix()})
	}
	old := w.issuer.Key()
	w.accepts(t, old.Sign(t, live()))
	current := w.issuer.Rotate()
	w.issuer.Retire()
	w.Add(15 * time.Minute)
	w.accepts(t, old.Sign(t, live()))     // starts the fetch in the background
	w.accepts(t, current.Sign(t, live())) // waits for it
	w.Add(11 * time.Second)
	w.refuses(t, old.Sign(t, live()), token.ReasonSignature)
}

func TestKnownKeysAreUsedWhileNewOnesAreFetched(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	w.Add(15 * time.Minute)
	entered, release := make(chan struct{}), make(chan struct{})
	w.issuer.SetGate(func(string) { close(entered); <-release })
	w.accepts(t, w.good())
	<-entered
	w.accepts(t, w.good()) // the issuer has not answered
	w.issuer.SetGate(nil)
	close(release)
	w.issuer.Rotate()
	w.cannotTellOrAccepts(t, w.good()) // joins the fetch, so that it is over when the test is
}

// cannotTellOrAccepts waits for a fetch under way, whatever it brings.
func (w *world) cannotTellOrAccepts(t *testing.T, raw string) {
	t.Helper()
	if _, err := w.Verify(t.Context(), raw, endpoint); errors.Is(err, token.ErrInvalid) {
		t.Fatal(err)
	}
}

func TestKnownKeysSurviveAnOutage(t *testing.T) {
	w := newWorld(t)
	w.accepts(t, w.good())
	w.issuer.Fail(http.StatusInternalServerError)
	for range 100 {
		w.Add(10 * time.Minute)
		w.accepts(t, w.good())
	}
	w.issuer.Rotate()
	unknown := w.good()
	w.cannotTell(t, unknown)
	w.issuer.Fail(0)
	w.Add(5 * time.Second)
	w.accepts(t, unknown)
}

func TestAnIssuerDownFromTheStartIsUnavailable(t *testing.T) {
	w := newWorld(t)
	w.issuer.Fail(http.StatusBadGateway)
	raw := w.good()
	for range 10 {
		w.cannotTell(t, raw)
	}
	if n := w.issuer.Requests(tokentest.MetadataPath); n != 1 {
		t.Errorf("%d requests for metadata within a moment", n)
	}
	w.issuer.Fail(0)
	w.Add(5 * time.Second)
	w.accepts(t, raw)
}

func TestABrokenKeySetIsAnOutage(t *testing.T) {
	w := newWorld(t)
	raw := w.good()
	for _, set := range []string{"", "<html>", "{}", `{"keys":[]}`, `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, `{"keys":[{"kty":"new"}]}`} {
		w.issuer.SetKeySet([]byte(set))
		w.cannotTell(t, raw)
		w.Add(5 * time.Second)
	}
	w.issuer.SetKeySet(nil)
	w.accepts(t, raw)
	w.issuer.SetKeySet([]byte(`{"keys":[]}`))
	w.Add(16 * time.Minute)
	w.accepts(t, w.good())
	w.issuer.Rotate()
	w.cannotTell(t, w.good())
}

func TestUnsupportedKeysAreSkipped(t *testing.T) {
	for name, other := range map[string]string{
		"unknown kind":  `{"kty":"new","kid":"x"}`,
		"unknown curve": `{"kty":"OKP","crv":"Ed448","x":"AAAA"}`,
		"broken":        `{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`,
		"short RSA":     `{"kty":"RSA","n":"` + "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" + `","e":"AQAB"}`,
		"symmetric":     `{"kty":"oct","k":"c2VjcmV0"}`,
		"no object":     `7`,
	} {
		t.Run(name, func(t *testing.T) {
			key, err := tokentest.NewKey(t, jose.ES256, "good").Public().MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			n, err := token.CountKeys([]byte(`{"keys":[` + other + `,` + string(key) + `]}`))
			if n != 1 || err != nil {
				t.Errorf("%d keys, %v; want the good one alone", n, err)
			}
		})
	}
}

func TestACanceledCallerDoesNotCancelTheKeyFetch(t *testing.T) {
	w := newWorld(t)
	entered, release := make(chan struct{}), make(chan struct{})
	w.issuer.SetGate(func(path string) {
		if path == tokentest.KeysPath {
			close(entered)
			<-release
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	raw := w.good()
	gone := make(chan error)
	go func() {
		_, err := w.Verify(ctx, raw, endpoint)
		gone <- err
	}()
	<-entered
	cancel()
	if err := <-gone; !errors.Is(err, token.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(release)
	w.accepts(t, raw)
	if n := w.keyRequests(); n != 1 {
		t.Errorf("%d requests for keys", n)
	}
}
