package upstream

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// Person is who signed in. Upstream is what this package needs later; it is secret, and whoever
// keeps it seals it.
type Person = grant.Person

// keep is what must come back with the answer.
type keep struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Offline says that offline_access was asked for.
	Offline bool `json:"offline,omitempty"`
}

const (
	scopeOffline = "offline_access"
	// refusedFor is how long offline_access is not asked for after the provider refused it.
	refusedFor = time.Hour
)

// Begin gives the URL that the browser is sent to. keep is secret and belongs to this one sign-in.
func (p *Provider) Begin(ctx context.Context, state string) (location string, kept []byte, err error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", nil, err
	}
	scopes := p.scopes(m)
	k := keep{State: state, Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Offline: slices.Contains(scopes, scopeOffline)}
	options := []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("nonce", k.Nonce), // OpenID Connect Core §3.1.2.1
		oauth2.S256ChallengeOption(k.Verifier),   // RFC 7636 §4.3
	}
	if k.Offline {
		options = append(options, oauth2.SetAuthURLParam("prompt", "consent")) // OpenID Connect Core §11
	}
	for name, value := range p.opts.Params {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	config := oauth2.Config{
		ClientID: p.opts.ClientID, RedirectURL: p.opts.RedirectURL, Scopes: scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthURL},
	}
	kept, err = json.Marshal(k)
	return config.AuthCodeURL(state, options...), kept, err
}

// scopes are what to ask for: a refresh token where the provider wants to be asked for one (OpenID
// Connect Core §11), since with it the provider can be asked about the person later, and not while
// it refuses that.
func (p *Provider) scopes(m *metadata) []string {
	scopes := []string{"openid"}
	all := slices.Clone(p.opts.Scopes)
	if slices.Contains(m.Scopes, scopeOffline) {
		all = append(all, scopeOffline)
	}
	refused := p.opts.Now().Unix() < p.refuses.Load()
	for _, scope := range all {
		if !slices.Contains(scopes, scope) && (scope != scopeOffline || !refused) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

// refusedScope says what follows from invalid_scope in answer to a sign-in: if offline_access was
// asked for it may be that. If it was not, something else is wrong, and offline_access is worth
// asking for again.
func (p *Provider) refusedScope(k keep) error {
	if !k.Offline {
		p.refuses.Store(0)
		return failedWith(ReasonProvider, "error=invalid_scope: the provider does not give this client a scope of "+setting.OIDCScopes)
	}
	p.refuses.Store(p.opts.Now().Add(refusedFor).Unix())
	return ErrBeginAgain
}

// Finish redeems the provider's answer. Its errors are [ErrDenied], [ErrNotAllowed],
// [ErrUnavailable], [ErrBeginAgain] and [SignInError].
func (p *Provider) Finish(ctx context.Context, answer url.Values, kept []byte) (Person, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return Person{}, err
	}
	var k keep
	if json.Unmarshal(kept, &k) != nil || k.Nonce == "" || k.Verifier == "" {
		return Person{}, failed(ReasonState)
	}
	code, issuer, err := p.readAnswer(m, answer, k)
	if err != nil {
		return Person{}, err
	}
	got, err := p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.opts.RedirectURL},
		"code_verifier": {k.Verifier},
	})
	if err != nil {
		return Person{}, signInFailure(err)
	}
	if got.IDToken == "" {
		return Person{}, failedWith(ReasonNoIDToken, "is it an OpenID Connect provider, and may the client of "+setting.OIDCClientID+" ask for openid?")
	}
	claims, err := p.verify(ctx, m, got, k.Nonce)
	if err != nil {
		return Person{}, err
	}
	if issuer != "" && claims["iss"] != issuer { // of another tenant than the answer
		return Person{}, failed(ReasonIssuer)
	}
	s := &state{Subject: subject(claims), Claims: claims}
	if err := p.admit(ctx, m, s, got.Access); err != nil {
		return Person{}, signInFailure(err)
	}
	s.Allowed = p.opts.Now()
	s.take(got, s.Allowed)
	p.tryUserInfo(ctx, m, s)
	data, err := s.encode()
	if err != nil {
		return Person{}, failed(ReasonIDToken)
	}
	person := Person{Subject: s.Subject, Upstream: data}
	person.Name, person.Email = shown(s.Claims["name"]), shown(s.Claims["email"])
	return person, nil
}

// readAnswer gives the code of an answer that is one to this sign-in and comes from this provider,
// and the issuer that it says it is from; "" if it does not.
func (p *Provider) readAnswer(m *metadata, answer url.Values, k keep) (code, issuer string, err error) {
	for _, name := range []string{"code", "state", "iss", "error"} {
		if len(answer[name]) > 1 { // RFC 6749 §3.1
			return "", "", failedWith(ReasonAnswer, "it has %s twice", name)
		}
	}
	if subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(k.State)) == 0 {
		return "", "", failed(ReasonState)
	}
	// RFC 9207 §2.4: whoever announces an issuer sends it with errors too.
	issuer = answer.Get("iss")
	switch {
	case m.SendsIssuer && !answer.Has("iss"):
		return "", "", failedWith(ReasonIssuer, "the provider announces that its answers name it, and this one does not")
	case answer.Has("iss") && !m.mayAnswer(issuer):
		return "", "", failedWith(ReasonIssuer, "the answer is of %s, expected %s", netx.ShownIssuer(issuer), netx.ShownIssuer(p.opts.Issuer))
	}
	if answer.Get("error") != "" {
		return "", "", p.refused(answer.Get("error"), answer.Get("error_description"), k)
	}
	if code = answer.Get("code"); code == "" {
		return "", "", failedWith(ReasonAnswer, "it has neither a code nor an error")
	}
	return code, issuer, nil
}

// refused says what the provider's error at the end of a sign-in means (RFC 6749 §4.1.2.1, OpenID
// Connect Core §3.1.2.6).
func (p *Provider) refused(code, description string, k keep) error {
	said := saidError(code, description)
	switch code {
	case "access_denied":
		return &deniedError{said}
	case "temporarily_unavailable", "server_error":
		return &unknownError{reason: "provider_error", detail: said, temporary: true}
	case "invalid_scope":
		return p.refusedScope(k)
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		return &SignInError{Reason: ReasonProvider, detail: said, again: true}
	case "unauthorized_client":
		said += ": the client of " + setting.OIDCClientID + " may not use the authorization code flow there"
	}
	return failedWith(ReasonProvider, "%s", said)
}

// shown is a claim for people's eyes.
func shown(claim any) string {
	s, _ := claim.(string)
	return sanitize.Line(s, 128)
}
