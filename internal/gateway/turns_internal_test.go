package gateway

import (
	"context"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
)

func TestInFlightBoundsFromTheConfiguration(t *testing.T) {
	t.Parallel()
	cores := inFlightPerCore * runtime.GOMAXPROCS(0)
	proxies := []string{"10.0.0.0/8"}
	for name, tt := range map[string]struct {
		cfg       config.Config
		all, each int
	}{
		"by cores":                 {config.Config{Auth: "oauth"}, cores, cores / 2},
		"one caller":               {config.Config{Auth: "none"}, cores, cores},
		"callers by their address": {config.Config{Auth: "none", TrustedProxies: proxies}, cores, cores / 2},
		"half, but one at least":   {config.Config{Auth: "oauth", MaxInFlight: 1}, 1, 1},
		"as set":                   {config.Config{Auth: "oauth", MaxInFlight: 10, MaxInFlightPerCaller: 3}, 10, 3},
		"on fewer cores":           {config.Config{Auth: "oauth", MaxInFlightPerCaller: 1 << 20}, cores, cores},
	} {
		if all, each := inFlightBounds(&tt.cfg); all != tt.all || each != tt.each {
			t.Errorf("%s: %d and %d, want %d and %d", name, all, each, tt.all, tt.each)
		}
	}
}

func TestShareOfSubjectAndClient(t *testing.T) {
	t.Parallel()
	list, err := authserver.ParseClients([]byte(`{"clients":[{"client_id":"bot","redirect_uris":["https://a.example/cb"],"weight":4}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*login{nil, {}, {clients: list}} { // another issuer's tokens, no list, a list
		share := (&Gateway{cfg: config.Config{Auth: "oauth"}, login: l}).inFlightCaller()
		names := map[string]bool{}
		for _, c := range []identity.Caller{
			{Subject: "ann", ClientID: "bot"}, {Subject: "ann", ClientID: "cli"}, {Subject: "ben", ClientID: "bot"}, {Subject: "annb", ClientID: "ot"},
		} {
			name, weight := share(request.With(t.Context(), &request.Request{Caller: c}))
			want := 1
			if c.ClientID == "bot" && l != nil && l.clients != nil {
				want = 4
			}
			if names[name] || weight != want {
				t.Errorf("%+v: %q was there %v, weight %d, want %d", c, name, names[name], weight, want)
			}
			names[name] = true
		}
	}
}

func TestWhatHangsInTheEndIsLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		defer close(hang)
		g := &Gateway{logger: slog.New(slog.DiscardHandler), closers: []func() error{func() error { <-hang; return nil }}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if late, err := g.finish(ctx); !late || err != nil || time.Since(began) != time.Second {
			t.Errorf("late %v, %v, after %v", late, err, time.Since(began))
		}
	})
}
