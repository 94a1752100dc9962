package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
)

func TestControlChangesAPersonsClaims(t *testing.T) {
	p := newParty(t)
	tokens := p.signIn("ann")
	p.control("/claims", `{"person":"ann","claims":{"groups":["left"],"hd":null}}`)
	access, _ := p.refresh(http.StatusOK, tokens.RefreshToken)["access_token"].(string)
	var info map[string]any
	r := p.do(http.StatusOK, "GET", "/oidc/userinfo", "", "Authorization", "Bearer "+access)
	if err := json.Unmarshal([]byte(r.body), &info); err != nil {
		t.Fatal(err)
	}
	if groups, _ := info["groups"].([]any); len(groups) != 1 || groups[0] != "left" || info["hd"] != nil || info["team"] == nil {
		t.Errorf("%v", info)
	}
}

func TestControlOfOfflineAccess(t *testing.T) {
	p := newParty(t)
	p.control("", `{"offline_access":"unknown"}`)
	if p.signIn("ann").RefreshToken != "" {
		t.Error("a refresh token although offline_access is unknown")
	}
	p.control("", `{"offline_access":"refused"}`)
	if q := p.authorize("ann"); q.Get("error") != "invalid_scope" {
		t.Errorf("refused, but answered %v", q)
	}
}
