package upstream

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

const (
	// maxIDToken is the longest ID token in bytes: some have hundreds of groups or roles.
	maxIDToken = 256 << 10
	// notBeforeLeeway is how far nbf may lie ahead, as other clients have it.
	notBeforeLeeway = 5 * time.Minute
)

const signingKeyAdvice = "set a signing key for this client at the provider (RS256 or ES256)"

func signInFailure(err error) error {
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrNotAllowed):
		return err
	case errors.Is(err, errInvalidGrant):
		return failed(ReasonCode)
	case errors.Is(err, errInvalidRequest):
		return failedWith(ReasonProvider, "error=invalid_request")
	}
	var known *SignInError
	if errors.As(err, &known) {
		return err
	}
	var unknown *unknownError
	if errors.As(err, &unknown) { // such as invalid_client, which only operators can mend
		reason := ReasonProvider
		if strings.HasPrefix(unknown.reason, "user_info_") {
			reason = ReasonUserInfo
		}
		return failedWith(reason, "%s", unknown.LogReason())
	}
	return failed(ReasonProvider)
}

// verify checks an ID token (OpenID Connect Core §3.1.3.7) and the access token that came with it,
// and gives its claims. An empty nonce is not asked for: a refreshed token need not have one
// (§12.2).
func (p *Provider) verify(ctx context.Context, m *metadata, got *tokens, nonce string) (map[string]any, error) {
	algorithm, err := m.checkForm(got.IDToken)
	if err != nil {
		return nil, err
	}
	keys := &watchedKeys{keys: m.keys}
	t, err := oidc.NewVerifier(m.Issuer, keys, &oidc.Config{
		SupportedSigningAlgs: m.algorithms(),
		SkipClientIDCheck:    true, // all are checked below, where the reason is known
		SkipIssuerCheck:      true,
		SkipExpiryCheck:      true,
	}).Verify(ctx, got.IDToken)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	case keys.err != nil:
		return nil, keysFailure(keys.err)
	case err != nil:
		return nil, failedWith(ReasonMalformed, "a claim of it is not what OpenID Connect says, or it is not a JWT in compact form")
	}
	var claims map[string]any
	if t.Claims(&claims) != nil || claims == nil {
		return nil, failedWith(ReasonMalformed, "its claims are not a JSON object")
	}
	if err := p.checkIssuer(m, t.Issuer, claims["tid"]); err != nil {
		return nil, err
	}
	if err := p.checkAudience(t.Audience, claims); err != nil {
		return nil, err
	}
	if err := p.checkTimes(t, claims); err != nil {
		return nil, err
	}
	switch {
	case nonce != "" && t.Nonce == "":
		return nil, failedWith(ReasonNoNonce, "the provider does not keep what ties it to one sign-in (OpenID Connect Core §2), so it cannot be used")
	case nonce != "" && t.Nonce != nonce:
		return nil, failed(ReasonNonce)
	case t.AccessTokenHash != "" && t.AccessTokenHash != accessTokenHash(algorithm, got.Access): // §3.1.3.8
		return nil, failed(ReasonAtHash)
	case subject(claims) == "":
		return nil, failedWith(ReasonSubject, "sub of the ID token is missing, is not text, or is too long")
	}
	return claims, nil
}

// checkForm looks at an ID token before anybody verifies it, to say what is wrong with it.
func (m *metadata) checkForm(raw string) (alg string, err error) {
	if len(raw) > maxIDToken {
		return "", failedWith(ReasonMalformed, "it is longer than %d KiB: have the provider put fewer groups or roles into it", maxIDToken>>10)
	}
	parts := strings.SplitN(raw, ".", 6)
	if len(parts) == 5 {
		return "", failedWith(ReasonMalformed, "it is encrypted: switch that off for this client at the provider")
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[0])
	if len(parts) != 3 || err != nil || json.Unmarshal(data, &header) != nil {
		return "", failedWith(ReasonMalformed, "it is not a JWT in compact form")
	}
	alg = header.Algorithm
	switch {
	case slices.Contains(m.algorithms(), alg):
		return alg, nil
	case !algorithm.MatchString(alg):
		return "", failedWith(ReasonAlgorithm, "its header names none")
	case strings.HasPrefix(alg, "HS"):
		return "", failedWith(ReasonAlgorithm, "the provider signed the ID token with %s, for which the client secret is the key; %s", alg, signingKeyAdvice)
	case alg == "none":
		return "", failedWith(ReasonAlgorithm, "the ID token is not signed; "+signingKeyAdvice)
	}
	return "", failedWith(ReasonAlgorithm, "the provider signed the ID token with %s, and announces or has the gateway know others only", alg)
}

func (p *Provider) checkIssuer(m *metadata, found string, tenant any) error {
	want := m.issuerOf(tenant)
	switch {
	case want == "":
		return failedWith(ReasonIssuer, "the ID token has no tid that is the id of a tenant")
	case found != want:
		return failedWith(ReasonIssuer, "the ID token is of %s, expected %s", netx.ShownIssuer(found), netx.ShownIssuer(want))
	}
	return nil
}

// checkAudience wants our client among the audiences, however many, and as the authorized party if
// one is named: errata 2 of OpenID Connect Core no longer asks for azp where there are several.
func (p *Provider) checkAudience(audience []string, claims map[string]any) error {
	azp, has := claims["azp"]
	switch {
	case !slices.Contains(audience, p.opts.ClientID):
		return failedWith(ReasonAudience, "aud does not have the client of "+setting.OIDCClientID)
	case has && azp != p.opts.ClientID:
		return failedWith(ReasonAudience, "azp is not the client of "+setting.OIDCClientID)
	}
	return nil
}

// checkTimes says roughly by how much a token is out of its time, since what is wrong then is
// mostly a clock.
func (p *Provider) checkTimes(t *oidc.IDToken, claims map[string]any) error {
	const clocks = "; are the clocks of the provider and of this machine right?"
	now, leeway := p.opts.Now(), p.opts.Leeway
	before, _ := claims["nbf"].(float64)
	switch {
	case claims["exp"] == nil:
		return failedWith(ReasonExpired, "it does not say when it ends")
	case t.Expiry.Add(leeway).Before(now):
		return failedWith(ReasonExpired, "it ended %s ago%s", roughly(now.Sub(t.Expiry)), clocks)
	case now.Add(leeway).Before(t.IssuedAt):
		return failedWith(ReasonExpired, "it was issued %s in the future%s", roughly(t.IssuedAt.Sub(now)), clocks)
	case before > float64(now.Add(notBeforeLeeway).Unix()):
		return failedWith(ReasonExpired, "it is not good yet%s", clocks)
	}
	return nil
}

func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return d.Round(time.Second).String()
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " minutes"
	}
	return "more than " + strconv.Itoa(int(d.Hours())) + " hours"
}

// accessTokenHash is at_hash (OpenID Connect Core §3.1.3.6) for an algorithm that was accepted.
func accessTokenHash(algorithm, access string) string {
	var h hash.Hash
	switch {
	case strings.HasSuffix(algorithm, "256"):
		h = sha256.New()
	case strings.HasSuffix(algorithm, "384"):
		h = sha512.New384()
	default: // 512, and EdDSA, whose hash that is
		h = sha512.New()
	}
	h.Write([]byte(access))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:h.Size()/2])
}

// watchedKeys remember why a signature does not verify, which the verifier turns into text.
type watchedKeys struct {
	keys KeySet
	err  error
}

// VerifySignature is that of [oidc.KeySet].
func (k *watchedKeys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.keys.VerifySignature(ctx, jwt)
	k.err = err
	return payload, err
}

// keysFailure says what an error of a [KeySet] means for a sign-in.
func keysFailure(err error) error {
	var found *unknownError
	if errors.As(err, &found) {
		return found
	}
	var why interface {
		KeyReason() (word string, temporary bool)
	}
	if !errors.As(err, &why) {
		return &unknownError{reason: "keys_unreachable", temporary: true}
	}
	word, temporary := why.KeyReason()
	switch {
	case temporary:
		return &unknownError{reason: "keys_" + word, temporary: true, detail: "the keys were asked for a moment ago and do not have it yet"}
	case word == KeyNone:
		return &unknownError{reason: "keys_none_of_use", temporary: true, act: true, detail: "the provider publishes no key that ID tokens can be " +
			"verified with; " + signingKeyAdvice}
	case word == KeySignature:
		return failed(ReasonIDToken)
	case word == KeyForeign:
		return failedWith(ReasonKey, "the key is for tokens of another issuer")
	}
	return failedWith(ReasonKey, "no key at jwks_uri has its id and fits its algorithm")
}

// subject is the gateway's name for whom verified claims describe, "" if they name nobody usable.
// The issuer is the token's own: at a provider of many tenants the same sub of two tenants is two
// people.
func subject(claims map[string]any) string {
	issuer, _ := claims["iss"].(string)
	return subjectOf(issuer, claims)
}

func subjectOf(issuer string, claims map[string]any) string {
	sub, _ := claims["sub"].(string)
	s := issuer + "#" + sub
	if issuer == "" || sub == "" || !identity.IsSubject(s) {
		return ""
	}
	return s
}
