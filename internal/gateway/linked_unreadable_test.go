package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
)

// A key that was sealed by a replica with newer secrets is not a missing one, which would end the
// login.
func TestAKeyThatDoesNotOpenIs503AndNoSignOut(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "linked")
	c := world.join(t)
	key := world.only(t, "gw:k:*")
	kept := world.redis.Do("GET", key)
	world.redis.Do("SET", key, "sealed with another secret, of which these replicas know nothing")
	for range 2 { // each replica
		for name, body := range map[string]string{"a read": readCall, "a write": sendCall} {
			if a := c.post(t, body); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
	}
	if status, code := c.renew(t); status != http.StatusOK {
		t.Errorf("refreshing: %d %q", status, code)
	}
	if !strings.Contains(world.log.String(), "level=ERROR") {
		t.Error("nobody is told")
	}
	var page string
	ann := authtest.Person{Transport: world.http.Transport, Fill: func(at string, form url.Values) {
		page = at
		form.Set("decision", "cancel")
	}}
	if at := ann.Visit(t, world.base+"/account/key"); !strings.Contains(at, "Nothing was changed") {
		t.Error(at)
	}
	if !strings.Contains(page, "cannot open it at the moment") || strings.Contains(page, "was linked on") {
		t.Errorf("the page for the key: %s", page)
	}
	world.redis.Do("SET", key, kept)
	if a := c.post(t, readCall); a.status != http.StatusOK || world.sent(t) != 0 {
		t.Errorf("when it opens: %d %s", a.status, a.body)
	}
}
