package upstream

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
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
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}
