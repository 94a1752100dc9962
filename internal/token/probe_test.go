package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const (
	issuerSetting = "--an-issuer"
	keysSetting   = "--a-key-set"
)

// probes reports unless an error is a finding with these words.
func probes(t *testing.T, n int, err error, found, change string) {
	t.Helper()
	finding, ok := errors.AsType[*netx.Finding](err)
	if !ok || n != 0 {
		t.Fatalf("%d keys, %v; want a finding", n, err)
	}
	if finding.Found != found {
		t.Errorf("found %q, want %q", finding.Found, found)
	}
	if finding.Change != change {
		t.Errorf("change %q, want %q", finding.Change, change)
	}
}

// brokenOnce answers the first request with a 500 and later ones with data.
func brokenOnce(data []byte) http.Handler {
	var asked atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(data)
	})
}

// {I} stands for the URL of the issuer, {S} for the setting that says where the document is.
func TestProbeOfKeysFindsOutWhatIsWrong(t *testing.T) {
	const check = "check {S}, the names that this machine resolves, its firewall, and HTTPS_PROXY if it needs a proxy"
	metadata := func(path string, document map[string]any) func(*testing.T, *tokentest.Issuer) {
		return func(_ *testing.T, i *tokentest.Issuer) {
			i.SetMetadata(tokentest.MetadataPath, nil)
			i.SetMetadata(path, document)
		}
	}
	set := func(data string) func(*testing.T, *tokentest.Issuer) {
		return func(_ *testing.T, i *tokentest.Issuer) { i.SetKeySet([]byte(data)) }
	}
	hangUp := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	tests := []struct {
		name          string
		arrange       func(*testing.T, *tokentest.Issuer)
		metadataOnly  bool
		found, change string
	}{
		{"no metadata", func(_ *testing.T, i *tokentest.Issuer) { i.SetMetadata(tokentest.MetadataPath, nil) }, true,
			"the metadata at {I}/.well-known/openid-configuration answers 404", "correct {S}: nothing is published there"},
		{"metadata that is not JSON", func(_ *testing.T, i *tokentest.Issuer) {
			i.SetMetadata(tokentest.MetadataPath, nil)
			i.SetBytes(tokentest.OpenIDPath, []byte("<html>"))
		}, true, "the metadata at {I}/.well-known/openid-configuration is not JSON", "correct {S}"},
		{"metadata without an issuer", metadata(tokentest.OpenIDPath, map[string]any{"jwks_uri": "https://a.example/keys"}), true,
			"the metadata at {I}/.well-known/openid-configuration names no issuer", "correct {S}"},
		{"metadata of another issuer", metadata(tokentest.OpenIDPath, map[string]any{"issuer": "https://a.example"}), true,
			"the metadata at {I}/.well-known/openid-configuration is of the issuer https://a.example, not of {I}",
			"set {S} to what was found, to the letter, if that is the one you mean"},
		{"metadata without keys", func(_ *testing.T, i *tokentest.Issuer) {
			i.SetMetadata(tokentest.MetadataPath, map[string]any{"issuer": i.URL})
		}, true, "the metadata names no usable jwks_uri", "set " + keysSetting + " to where the keys are"},
		{"keys over plain HTTP", func(_ *testing.T, i *tokentest.Issuer) {
			i.SetMetadata(tokentest.MetadataPath, map[string]any{"issuer": i.URL, "jwks_uri": "http://a.example/keys"})
		}, true, "the metadata names no usable jwks_uri", "set " + keysSetting + " to where the keys are"},
		{"keys where nothing is", func(_ *testing.T, i *tokentest.Issuer) { i.Handle(tokentest.KeysPath, http.NotFoundHandler()) }, false,
			"the key set at {I}/keys answers 404", "correct {S}: nothing is published there"},
		{"keys of a server that is down", func(_ *testing.T, i *tokentest.Issuer) {
			i.Handle(tokentest.KeysPath, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
		}, false, "the key set at {I}/keys answers 503", "try again when that server works"},
		{"keys of a server that hangs up", func(_ *testing.T, i *tokentest.Issuer) { i.Handle(tokentest.KeysPath, hangUp) }, false,
			"the key set at {I}/keys breaks the connection", check},
		{"keys without end", set(`{"keys":[]}` + strings.Repeat(" ", 1<<20)), false,
			"the key set at {I}/keys answers more than is read of it", check},
		{"keys that are not JSON", set("<html>"), false, "the key set at {I}/keys is not a JWK set", "correct {S}"},
		{"no key", set(`{"keys":[]}`), false, "the key set at {I}/keys has no key to verify signatures with",
			"the authorization server has to publish RSA keys of 2048 bits, EC or Ed25519 keys"},
		{"a shared secret", set(`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`), false, "the key set at {I}/keys has no key to verify signatures with",
			"the authorization server has to publish RSA keys of 2048 bits, EC or Ed25519 keys"},
		{"a failure that is over", func(t *testing.T, i *tokentest.Issuer) {
			i.Handle(tokentest.KeysPath, brokenOnce(keySet(t, i.Key())))
		}, false, "the issuer breaks the connection", "try again"},
	}
	for _, tt := range tests {
		for _, fixed := range []bool{false, true} {
			name, setting := tt.name+", discovered", issuerSetting
			if fixed {
				if tt.metadataOnly {
					continue
				}
				name, setting = tt.name+", at an address", keysSetting
			}
			words := func(s, url string) string { return strings.NewReplacer("{I}", url, "{S}", setting).Replace(s) }
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, func(o *token.ExternalOptions) {
					if fixed {
						o.JWKSURLs = []string{o.Issuers[0] + tokentest.KeysPath}
					}
				})
				tt.arrange(t, w.issuer)
				n, err := w.CheckKeys(t.Context(), w.issuer.URL, issuerSetting, keysSetting)
				probes(t, n, err, words(tt.found, w.issuer.URL), words(tt.change, w.issuer.URL))
			})
			t.Run(name+", of assertions", func(t *testing.T) {
				i := tokentest.NewIssuer(t)
				options := token.IssuerKeysOptions{Issuer: i.URL, HTTPClient: i.Client()}
				if fixed {
					options.JWKSURL = i.URL + tokentest.KeysPath
				}
				tt.arrange(t, i)
				n, err := newIssuerKeys(t, options).Check(t.Context(), issuerSetting, keysSetting)
				probes(t, n, err, words(tt.found, i.URL), words(tt.change, i.URL))
			})
		}
	}
}

func newIssuerKeys(t testing.TB, options token.IssuerKeysOptions) *token.IssuerKeys {
	t.Helper()
	k, err := token.NewIssuerKeys(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestProbeOfKeysCountsThoseOfAllowedAlgorithms(t *testing.T) {
	for _, tt := range []struct {
		algorithms []string
		want       int
	}{{nil, 3}, {[]string{"ES256"}, 2}, {[]string{"Ed25519", "ES256"}, 3}, {[]string{"EdDSA"}, 1}} {
		w := newWorld(t, func(o *token.ExternalOptions) { o.Algorithms = tt.algorithms })
		w.issuer.Publish(tokentest.NewKey(t, jose.ES256, "second"))
		w.issuer.Publish(tokentest.NewKey(t, jose.EdDSA, "third"))
		if n, err := w.CheckKeys(t.Context(), w.issuer.URL, issuerSetting, keysSetting); n != tt.want || err != nil {
			t.Errorf("%v: %d keys, %v; want %d", tt.algorithms, n, err, tt.want)
		}
	}
	w := newWorld(t, func(o *token.ExternalOptions) { o.Algorithms = []string{"RS256"} })
	n, err := w.CheckKeys(t.Context(), w.issuer.URL, issuerSetting, keysSetting)
	probes(t, n, err, "the key set has no key for the algorithms that are accepted", "correct --token-algorithms (GATEWAY_TOKEN_ALGORITHMS)")
}

func TestProbeOfKeysAsksAtTheAddressOfTheIssuer(t *testing.T) {
	one, two := tokentest.NewIssuer(t), tokentest.NewIssuer(t)
	two.Rotate()
	verifier, err := token.NewExternal(t.Context(), token.ExternalOptions{
		Issuers:  []string{one.URL, two.URL},
		JWKSURLs: []string{one.URL + tokentest.KeysPath, two.URL + tokentest.KeysPath}, HTTPClient: one.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, i := range []*tokentest.Issuer{one, two} {
		if n, err := verifier.CheckKeys(t.Context(), i.URL, issuerSetting, keysSetting); n != want+1 || err != nil {
			t.Errorf("%d keys, %v; want %d", n, err, want+1)
		}
	}
	if n := one.Requests(tokentest.MetadataPath) + two.Requests(tokentest.MetadataPath); n != 0 {
		t.Errorf("%d requests for metadata that nobody needs", n)
	}
}

func TestProbeOfKeysThatAreGivenOnlyCountsThem(t *testing.T) {
	i := tokentest.NewIssuer(t)
	given := keySet(t, i.Key(), tokentest.NewKey(t, jose.EdDSA, "second"))
	options := token.IssuerKeysOptions{Issuer: i.URL, JWKS: given, HTTPClient: i.Client()}
	if n, err := newIssuerKeys(t, options).Check(t.Context(), issuerSetting, keysSetting); n != 2 || err != nil {
		t.Errorf("%d keys, %v", n, err)
	}
	if n := i.Requests(tokentest.KeysPath) + i.Requests(tokentest.MetadataPath); n != 0 {
		t.Errorf("%d requests", n)
	}
	options.JWKS = nil
	i.Rotate()
	i.Publish(tokentest.NewKey(t, tokentest.Ed25519, "third"))
	if n, err := newIssuerKeys(t, options).Check(t.Context(), issuerSetting, keysSetting); n != 3 || err != nil {
		t.Errorf("%d keys that are published, %v", n, err)
	}
}

func TestProbeOfKeysThatHasNoTimeLeft(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n, err := w.CheckKeys(ctx, w.issuer.URL, issuerSetting, keysSetting)
	probes(t, n, err, "the metadata at "+w.issuer.URL+tokentest.OpenIDPath+" does not answer in time",
		"check "+issuerSetting+", the names that this machine resolves, its firewall, and HTTPS_PROXY if it needs a proxy")
}

// lastMoment answers the first request with a 500, and ends the time with the last byte of the
// second answer.
type lastMoment struct {
	cancel context.CancelFunc
	data   []byte
	asked  int
}

func (l *lastMoment) RoundTrip(r *http.Request) (*http.Response, error) {
	l.asked++
	body := io.Reader(bytes.NewReader(l.data))
	status := http.StatusInternalServerError
	if l.asked > 1 {
		status, body = http.StatusOK, io.MultiReader(body, ending(l.cancel))
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
}

type ending context.CancelFunc

func (e ending) Read([]byte) (int, error) {
	e()
	return 0, io.EOF
}

func TestProbeOfKeysWhoseTimeEndsWithTheAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	data := must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{tokentest.NewKey(t, jose.ES256, "k").Public()}}))
	k := newIssuerKeys(t, token.IssuerKeysOptions{
		Issuer: "https://a.example", JWKSURL: "https://a.example/keys", HTTPClient: &http.Client{Transport: &lastMoment{cancel: cancel, data: data}},
	})
	n, err := k.Check(ctx, issuerSetting, keysSetting)
	probes(t, n, err, "the issuer does not answer in time", "check "+keysSetting)
}
