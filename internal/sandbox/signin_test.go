package sandbox_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
)

const callback = "http://127.0.0.1:54321/callback"

// party is a relying party that signs people in at the sandbox.
type party struct {
	*bench
	ctx      context.Context
	config   oauth2.Config
	provider *oidc.Provider
	verifier string
}

func newParty(t *testing.T) *party {
	t.Helper()
	b := newBench(t)
	b.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	ctx := oidc.ClientContext(t.Context(), b.http)
	found, err := oidc.NewProvider(ctx, b.url+"/oidc")
	if err != nil {
		t.Fatal(err)
	}
	return &party{b, ctx, oauth2.Config{
		ClientID: provider.ClientID, ClientSecret: provider.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: callback,
		Scopes: []string{"openid", "profile", "email", "offline_access"},
	}, found, oauth2.GenerateVerifier()}
}

// authorize asks for a sign-in and gives the answer's parameters.
func (p *party) authorize(who string, more ...string) url.Values {
	p.Helper()
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(p.verifier), oidc.Nonce("n-1"),
		oauth2.SetAuthURLParam("prompt", "none"), oauth2.SetAuthURLParam("login_hint", who),
	}
	for i := 0; i < len(more); i += 2 {
		options = append(options, oauth2.SetAuthURLParam(more[i], more[i+1]))
	}
	at := p.config.AuthCodeURL("s-1", options...)
	r := p.do(http.StatusSeeOther, "GET", strings.TrimPrefix(at, p.url), "")
	u, err := url.Parse(r.header.Get("Location"))
	if err != nil || !strings.HasPrefix(u.String(), callback+"?") {
		p.Fatalf("redirected to %s, %v", u, err)
	}
	if q := u.Query(); q.Get("state") != "s-1" || q.Get("iss") != p.url+"/oidc" {
		p.Fatalf("the answer has state and issuer %v", q)
	}
	return u.Query()
}

func (p *party) signIn(who string, more ...string) *oauth2.Token {
	p.Helper()
	t, err := p.config.Exchange(p.ctx, p.authorize(who, more...).Get("code"), oauth2.VerifierOption(p.verifier))
	if err != nil {
		p.Fatal(err)
	}
	return t
}

// form posts to the token endpoint as the client does, and gives the answer; pairs are fields.
func (p *party) form(status int, path string, pairs ...string) map[string]any {
	p.Helper()
	q := url.Values{"client_id": {p.config.ClientID}, "client_secret": {p.config.ClientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	r := p.do(status, "POST", path, q.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var answer map[string]any
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
		p.Fatalf("%v in %s", err, r.body)
	}
	return answer
}

func (p *party) refused(code string, pairs ...string) {
	p.Helper()
	if got := p.form(http.StatusBadRequest, "/oidc/token", pairs...)["error"]; got != code {
		p.Errorf("refused with %v, want %s", got, code)
	}
}

func (p *party) refresh(status int, token string) map[string]any {
	p.Helper()
	return p.form(status, "/oidc/token", "grant_type", "refresh_token", "refresh_token", token)
}

// messages reads REST with an access token, which has to be answered with this status.
func (p *party) messages(status int, token string) reply {
	p.Helper()
	return p.do(status, "GET", "/public/messages", "", "apiKey", "", "Authorization", "Bearer "+token)
}

func (p *party) control(path, body string) {
	p.Helper()
	r, err := p.try("PUT", "/_sandbox/oidc"+path, body)
	if err != nil || r.status >= 300 {
		p.Fatalf("control %s: %v %v", body, r, err)
	}
}

func (p *party) verify(t *oauth2.Token) (*oidc.IDToken, error) {
	raw, _ := t.Extra("id_token").(string)
	return p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID, Now: p.clock.Now}).Verify(p.ctx, raw)
}

func TestARelyingPartySignsBothPeopleIn(t *testing.T) {
	p := newParty(t)
	for who, team := range map[string]string{"ann": "Acme", "BEN@globex.example": "Globex"} {
		token := p.signIn(who)
		id, err := p.verify(token)
		if err != nil {
			t.Fatal(err)
		}
		if err := id.VerifyAccessToken(token.AccessToken); err != nil || id.Nonce != "n-1" {
			t.Errorf("%s: at_hash %v, nonce %q", who, err, id.Nonce)
		}
		var c struct {
			Email    string
			Verified bool  `json:"email_verified"`
			AuthTime int64 `json:"auth_time"`
			Name     string
			Team     string
			Groups   []string
			HD       string
		}
		if err := id.Claims(&c); err != nil {
			t.Fatal(err)
		}
		if c.Team != team || !c.Verified || !strings.HasSuffix(c.Email, "@"+c.HD) || c.Name == "" || len(c.Groups) == 0 ||
			c.AuthTime != begin.Unix() {
			t.Errorf("%s has the claims %+v", who, c)
		}
		info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != id.Subject || info.Email != c.Email {
			t.Errorf("userinfo says %+v, %v", info, err)
		}
	}
}

func TestACodeIsGoodOnceForItsClientVerifierAndRedirect(t *testing.T) {
	p := newParty(t)
	redeem := func(code string, more ...string) []string {
		return append([]string{
			"grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", p.verifier,
		}, more...)
	}
	for name, more := range map[string][]string{
		"verifier": {"code_verifier", oauth2.GenerateVerifier()}, "no verifier": {"code_verifier", ""},
		"redirect": {"redirect_uri", callback + "/"}, "client": {"client_id", provider.PublicClientID, "client_secret", ""},
		"code": {"code", "x"},
	} {
		t.Run(name, func(*testing.T) {
			p.refused("invalid_grant", redeem(p.authorize("ann").Get("code"), more...)...)
		})
	}
	late := p.authorize("ann").Get("code")
	p.clock.move(time.Minute)
	p.refused("invalid_grant", redeem(late)...)

	code := p.authorize("ann").Get("code")
	first, _ := p.form(http.StatusOK, "/oidc/token", redeem(code)...)["access_token"].(string)
	p.messages(http.StatusOK, first)
	p.refused("invalid_grant", redeem(code)...)
	p.messages(http.StatusUnauthorized, first) // a replay takes back what the code gave
}

func TestRefreshTokensRotateAndAReuseEndsTheSignIn(t *testing.T) {
	p := newParty(t)
	first := p.signIn("ann")
	second := p.refresh(http.StatusOK, first.RefreshToken)
	next, _ := second["refresh_token"].(string)
	access, _ := second["access_token"].(string)
	if next == "" || next == first.RefreshToken {
		t.Fatalf("the refresh token did not rotate: %v", second)
	}
	p.messages(http.StatusOK, access)
	p.refresh(http.StatusBadRequest, first.RefreshToken)
	p.refresh(http.StatusBadRequest, next)
	p.messages(http.StatusUnauthorized, access)

	p.control("", `{"refresh_rotation":false}`)
	stays := p.signIn("ben").RefreshToken
	for range 3 {
		if got := p.refresh(http.StatusOK, stays); got["refresh_token"] != nil {
			t.Errorf("a refresh that does not rotate answered %v", got["refresh_token"])
		}
	}
	p.clock.move(24 * time.Hour)
	p.refresh(http.StatusBadRequest, stays)
}

func TestKeysRotateWithAndWithoutTheOldOnes(t *testing.T) {
	p := newParty(t)
	old := p.signIn("ann")
	p.control("/keys", `{"alg":"ES256","keep_old":true}`)
	fresh := p.signIn("ann")
	for _, token := range []*oauth2.Token{old, fresh} {
		if _, err := p.verify(token); err != nil {
			t.Error(err)
		}
		p.messages(http.StatusOK, token.AccessToken)
	}
	p.control("/keys", `{"keep_old":false}`)
	p.messages(http.StatusUnauthorized, fresh.AccessToken)
	p.messages(http.StatusOK, p.signIn("ann").AccessToken)
}

func TestPeopleSeeTheirOwnTeamOnly(t *testing.T) {
	p := newParty(t)
	ann, ben := p.signIn("ann").AccessToken, p.signIn("ben").AccessToken
	globex := sendBody("sender", `"`+sandbox.SenderGlobex+`"`)
	bearer := func(token string) []string { return []string{"apiKey", "", "Authorization", "Bearer " + token} }
	p.do(http.StatusCreated, "POST", "/public/messages", globex, bearer(ben)...)
	p.do(http.StatusUnprocessableEntity, "POST", "/public/messages", globex, bearer(ann)...)
	p.do(http.StatusUnprocessableEntity, "POST", "/public/messages", sendBody(), "apiKey", sandbox.KeyGlobex)
	p.do(http.StatusCreated, "POST", "/public/messages", sendBody(), bearer(ann)...)
	for token, sender := range map[string]string{ann: sandbox.Sender, ben: sandbox.SenderGlobex} {
		if got := p.messages(http.StatusOK, token).body; !strings.Contains(got, `"total":1`) || !strings.Contains(got, sender) {
			t.Errorf("a person sees %s", got)
		}
	}
	contact := seededContact(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(p.do(http.StatusOK, "GET", "/public/contacts", "").body))
	}))
	p.do(http.StatusNotFound, "DELETE", "/public/contacts/"+contact, "", bearer(ben)...)
	p.do(http.StatusOK, "DELETE", "/public/contacts/"+contact, "", bearer(ann)...)

	all := p.do(http.StatusOK, "GET", "/_sandbox/messages", "").body
	if strings.Count(all, `"team"`) != 1 || strings.Index(all, `"team":"Globex"`) > strings.Index(all, `"id":1001`) {
		t.Errorf("the listing of both teams is %s", all)
	}
	p.do(http.StatusUnauthorized, "GET", "/public/messages", "", "apiKey", "wrong", "Authorization", "Bearer "+ann)
}

func TestATokenIsExchangedForOneThatIsGoodAtREST(t *testing.T) {
	p := newParty(t)
	p.control("", `{"exchange_only":true}`)
	own := p.signIn("ben", "resource", "http://127.0.0.1/mcp").AccessToken
	p.messages(http.StatusUnauthorized, own)
	exchange := []string{
		"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", own,
		"subject_token_type", "urn:ietf:params:oauth:token-type:access_token", "audience", p.url,
	}
	got := p.form(http.StatusOK, "/oidc/token", exchange...)
	token, _ := got["access_token"].(string)
	if got["issued_token_type"] != "urn:ietf:params:oauth:token-type:access_token" || got["refresh_token"] != nil {
		t.Errorf("the answer is %v", got)
	}
	p.messages(http.StatusOK, token)
	p.do(http.StatusUnauthorized, "GET", "/oidc/userinfo", "", "Authorization", "Bearer "+token)
	p.refused("invalid_target", append(exchange, "audience", "https://elsewhere.test")...)
	p.refused("unauthorized_client", append(exchange, "client_id", provider.PublicClientID, "client_secret", "")...)
	p.refused("invalid_request", append(exchange, "subject_token", "x")...)
	p.control("/revoke", `{"person":"ben"}`)
	p.messages(http.StatusUnauthorized, token)
	p.refused("invalid_request", exchange...)
}

func TestAnAccessTokenExpiresAndIsRevoked(t *testing.T) {
	p := newParty(t)
	p.control("", `{"access_token_seconds":5}`)
	token := p.signIn("ann")
	p.clock.move(4999 * time.Millisecond)
	p.messages(http.StatusOK, token.AccessToken)
	p.clock.move(time.Millisecond)
	r := p.messages(http.StatusUnauthorized, token.AccessToken)
	if got := r.header.Get("WWW-Authenticate"); !strings.Contains(got, `error="invalid_token"`) {
		t.Errorf("the challenge is %q", got)
	}

	one, other := p.signIn("ann"), p.signIn("ben")
	p.form(http.StatusOK, "/oidc/revoke", "token", one.AccessToken)
	p.messages(http.StatusUnauthorized, one.AccessToken)
	access, _ := p.refresh(http.StatusOK, one.RefreshToken)["access_token"].(string)
	p.messages(http.StatusOK, access)
	p.form(http.StatusBadRequest, "/oidc/revoke", "token", other.RefreshToken, "client_id", "demo-app", "client_secret", "")
	p.form(http.StatusOK, "/oidc/revoke", "token", other.RefreshToken)
	p.messages(http.StatusUnauthorized, other.AccessToken)
	p.form(http.StatusOK, "/oidc/revoke", "token", "nobody's")
}
