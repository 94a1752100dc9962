package token

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ExternalOptions configure an [External].
type ExternalOptions struct {
	// Issuer is the authorization server's identifier, to the letter as in the tokens' iss and in its metadata. Required;
	// https, or http on this machine.
	Issuer string
	// JWKSURL is where the issuer's keys are. Default: found by its metadata when first needed.
	JWKSURL string
	// Audiences that are good at every resource, for issuers that put a fixed one into aud instead of the resource that the
	// client asked for (RFC 8707). A token for the resource itself is always good.
	Audiences []string
	// Endpoints say where a token for a resource of this gateway is good. Default: at that resource.
	Endpoints Endpoints
	// Algorithms that tokens may be signed with, by their names in RFC 7518 §3.1 and RFC 8037 §3.1. Default: all asymmetric
	// ones: RS, PS and ES with 256, 384 and 512 bits, and EdDSA. Others are refused.
	Algorithms []string
	// SubjectClaim names the person or service. Default: "sub". It must be a claim that the issuer never gives to somebody
	// else later and that nobody chooses for themselves.
	SubjectClaim string
	// ScopeClaim lists what was granted, as a string separated by spaces or as an array. Default: "scope".
	ScopeClaim string
	// ScopeMap says what a value of the scope claim grants here. A value that is not in it grants nothing. Default: values
	// are taken as they are.
	ScopeMap map[string][]string
	// Allow says whether whom the claims of a verified token describe may come in; its answer holds for a minute. The claims
	// are as JSON decodes into any. Default: everybody whom the issuer gives a token.
	Allow func(claims map[string]any) bool
	// RequireType refuses tokens whose header does not say that they are access tokens (typ at+jwt, RFC 9068 §2.1). By
	// default JWT and no type are good too, since many issuers are older than that.
	RequireType bool
	// Leeway is how far the clocks may be apart. Default: 30 seconds; at most 5 minutes.
	Leeway time.Duration
	// HTTPClient says by which transport metadata and keys are fetched. Default: [http.DefaultTransport]. A fetch takes 10
	// seconds at most and follows three redirects, whatever the client says.
	HTTPClient *http.Client
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
)

// asymmetric are the algorithms that may be allowed. A symmetric one would make the issuer's public key a secret shared
// with everybody, and none is no signature (RFC 8725 §2.1).
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}
}

// normalize fills in defaults and reports all that is wrong at once.
func (o *ExternalOptions) normalize() ([]jose.SignatureAlgorithm, error) {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf("token: "+format, args...)) }

	if err := checkURL(o.Issuer); err != nil {
		problem("issuer %q: %w", o.Issuer, err)
	} else if u, err := url.Parse(o.Issuer); err != nil || u.RawQuery != "" || strings.ContainsAny(o.Issuer, "?#") {
		problem("issuer %q: must have no query and no fragment (RFC 8414 §2)", o.Issuer)
	}
	if o.JWKSURL != "" {
		if err := checkURL(o.JWKSURL); err != nil {
			problem("JWK set %q: %w", o.JWKSURL, err)
		}
	}
	for _, a := range o.Audiences {
		if a == "" {
			problem("an audience is empty; a token for it would be one for anybody")
		}
	}
	allowed := allowedAlgorithms(o.Algorithms, problem)
	for from, to := range o.ScopeMap {
		if from == "" || len(to) == 0 {
			problem("scope map: %q is mapped to %q; give a name and at least one scope", from, to)
		}
	}
	if o.SubjectClaim == "" {
		o.SubjectClaim = "sub"
	}
	if o.ScopeClaim == "" {
		o.ScopeClaim = "scope"
	}
	switch {
	case o.Leeway == 0:
		o.Leeway = defaultLeeway
	case o.Leeway < 0 || o.Leeway > maxLeeway:
		problem("leeway %s: give up to %s", o.Leeway, maxLeeway)
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return allowed, errors.Join(problems...)
}

func allowedAlgorithms(names []string, problem func(string, ...any)) []jose.SignatureAlgorithm {
	all := asymmetric()
	if len(names) == 0 {
		return all
	}
	var allowed []jose.SignatureAlgorithm
	for _, name := range names {
		found := false
		for _, a := range all {
			if name == string(a) {
				allowed, found = append(allowed, a), true
			}
		}
		if !found {
			problem("algorithm %q: only asymmetric ones can be allowed: %v", name, all)
		}
	}
	return allowed
}
