package authserver_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// needsUpstream refuses whoever has nothing of the provider, as the real sign-in does.
type needsUpstream struct{ authserver.SignIn }

func (n needsUpstream) StillAllowed(_ context.Context, p authserver.SignedIn) error {
	if len(p.Upstream) == 0 {
		return authserver.ErrNotAllowed
	}
	return nil
}

func TestAGrantSurvivesAStoreThatFailsDuringItsCheck(t *testing.T) {
	atDesk(t, func(t *testing.T, d *desk) {
		_, refresh := d.login()
		d.provided.Down()
		got := d.timed(refreshForm(refresh))
		wantRefused(t, "while it fails", got.Code, object(t, got.ResponseRecorder), http.StatusServiceUnavailable, "temporarily_unavailable")
		d.provided.Fail(nil)
		d.got(d.ask(t.Context(), authserver.TokenPath, refreshForm(refresh), nil))
	}, func(o *authserver.Options) { o.SignIn = needsUpstream{o.SignIn} })
}
