package upstream

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

func TestARequestStaysWithinItsHostAndASecretIsPostedOnce(t *testing.T) {
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	far := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer far.Close()
	client := newHTTPClient(far.Client().Transport)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		req, err := http.NewRequestWithContext(t.Context(), method, far.URL, strings.NewReader("secret"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusTemporaryRedirect || reached.Load() != 0 {
			t.Errorf("%s was sent on to another host", method)
		}
	}
}

func TestAnAnswerThatIsTooLargeIsCutOff(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+1))
	}))
	defer far.Close()
	resp, err := newHTTPClient(far.Client().Transport).Get(far.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, netx.ErrTooLarge) {
		t.Error(err)
	}
}

// Discovery, keys, the token endpoint and user info are all asked by this client.
func TestAnAnswer101IsRefused(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	defer far.Close()
	a, err := NewAuthorizationServer(AuthorizationServerOptions{Issuer: far.URL, ClientID: "x", Transport: far.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.exchange(t.Context(), url.Values{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("discovery: %v", err)
	}
	a.opts.TokenURL = far.URL
	if _, err := a.exchange(t.Context(), url.Values{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the token endpoint: %v", err)
	}
	p, err := NewProvider(ProviderOptions{
		Issuer: far.URL, ClientID: "x", RedirectURL: far.URL, Allow: func(map[string]any) error { return nil },
		Transport: far.Client().Transport, KeySet: keySets(nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.metadata(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the provider's discovery: %v", err)
	}
	if _, err := p.userInfo(t.Context(), &metadata{Metadata: netx.Metadata{UserInfoURL: far.URL}}, "token"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("user info: %v", err)
	}
}
