package token

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// ExternalOptions configure an [External].
type ExternalOptions struct {
	// Issuers are the authorization servers' identifiers, to the letter as in the tokens' iss and
	// in their metadata. At least one; https, or http on this machine. One with {tenantid} in its
	// path, or the address of such a one's common metadata, stands for many tenants, see
	// [identity.TenantTemplate]: a token's iss must then be that with the token's own tid in its
	// place.
	Issuers []string
	// JWKSURLs are where the issuers' keys are, one for each in the same order. Default: found by
	// their metadata when first needed.
	JWKSURLs []string
	// Audiences that are good at every resource, for issuers that put a fixed one into aud instead
	// of the resource that the client asked for (RFC 8707). A token for the resource itself is
	// always good.
	Audiences []string
	// Clients are the only ones whose tokens are good, by client_id, azp, appid or cid. A client_id
	// of these also stands for an audience, for issuers that put none into access tokens: such a
	// token is good at every resource, if it has token_use "access". Default: tokens of every
	// client, and none without an audience.
	Clients []string
	// Endpoints say where a token for a resource of this gateway is good. Default: at that
	// resource.
	Endpoints Endpoints
	// Algorithms that tokens may be signed with, by their names in RFC 7518 §3.1, RFC 8037 §3.1 and
	// RFC 9864 §2.2. Default: all asymmetric ones: RS, PS and ES with 256, 384 and 512 bits, EdDSA
	// and Ed25519. Others are refused.
	Algorithms []string
	// SubjectClaim names the person or service, by its path, see [identity.Claim]. Default: "sub".
	// It must be a claim that the issuer never gives to somebody else later and that nobody chooses
	// for themselves.
	SubjectClaim string
	// ScopeClaims list what was granted, by their paths: as a string separated by spaces, as an
	// array, or as an object whose names are roles. The first of them that a token has counts.
	// Default: "scope", then "scp".
	ScopeClaims []string
	// ScopeMap says what a value of the scope claim grants here. A value that is not in it grants
	// nothing. Default: values are taken as they are.
	ScopeMap map[string][]string
	// Allow says why whom the claims of a verified token describe may not come in, nil for who may,
	// which holds for a minute. The claims are as JSON decodes into any. A [DeniedError] unwraps to
	// what it says. Default: everybody whom an issuer gives a token.
	Allow func(claims map[string]any) error
	// RequireType refuses tokens whose header does not say that they are access tokens (typ at+jwt,
	// RFC 9068 §2.1). By default JWT and no type are good too, since many issuers are older than
	// that.
	RequireType bool
	// Leeway is how far the clocks may be apart. Default: 30 seconds; at most 5 minutes.
	Leeway time.Duration
	// HTTPClient says by which transport metadata and keys are fetched. Default:
	// [http.DefaultTransport]. A fetch takes 10 seconds at most and follows three redirects,
	// whatever the client says.
	HTTPClient *http.Client
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

const (
	defaultLeeway = 30 * time.Second
	maxLeeway     = 5 * time.Minute
)

// asymmetric are the algorithms that may be allowed. A symmetric one would make the issuer's public
// key a secret shared with everybody, and none is not a signature (RFC 8725 §2.1).
func asymmetric() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA, ed25519Algorithm,
	}
}

// OptionError says what is wrong with one of the [ExternalOptions].
type OptionError struct {
	Option string // the name of the field
	err    error
}

func (e *OptionError) Error() string { return "token: " + e.err.Error() }

// Problem is the error in words for whoever set the option.
func (e *OptionError) Problem() string { return e.err.Error() }

// normalize fills in defaults and reports all that is wrong at once.
func (o *ExternalOptions) normalize() ([]jose.SignatureAlgorithm, error) {
	var problems []error
	problem := func(option, format string, args ...any) {
		problems = append(problems, &OptionError{option, fmt.Errorf(format, args...)})
	}

	o.checkIssuers(problem)
	for _, a := range o.Audiences {
		if a == "" {
			problem("Audiences", "an audience is empty; a token for it would be one for anybody")
		}
	}
	if slices.Contains(o.Clients, "") {
		problem("Clients", "a client is empty; give client ids")
	}
	allowed := allowedAlgorithms(o.Algorithms, problem)
	for from, to := range o.ScopeMap {
		if from == "" || len(to) == 0 {
			problem("ScopeMap", "scope map: %q is mapped to %q; give a name and at least one scope", from, to)
		}
	}
	if o.SubjectClaim == "" {
		o.SubjectClaim = "sub"
	}
	if len(o.ScopeClaims) == 0 {
		o.ScopeClaims = []string{"scope", "scp"}
	}
	switch {
	case o.Leeway == 0:
		o.Leeway = defaultLeeway
	case o.Leeway < 0 || o.Leeway > maxLeeway:
		problem("Leeway", "leeway %s: give up to %s", o.Leeway, maxLeeway)
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return allowed, errors.Join(problems...)
}

func (o *ExternalOptions) checkIssuers(problem func(option, format string, args ...any)) {
	if len(o.Issuers) == 0 {
		problem("Issuers", "give at least one issuer")
	}
	spelled := map[string]string{} // by the issuers of its tokens
	for _, id := range o.Issuers {
		if err := checkIssuer(id, len(o.JWKSURLs) > 0); err != nil {
			problem("Issuers", "issuer %q: %w", id, err)
			continue
		}
		pattern := id
		if template, ok := identity.TenantTemplate(id); ok {
			pattern = template
			if template != id && len(o.JWKSURLs) > 0 {
				problem("JWKSURLs", "the issuer %q is known by its metadata only; with the address of a JWK set write %q", id, template)
			}
		}
		if other, there := spelled[pattern]; there {
			problem("Issuers", "%q and %q are the same; leave one of them out", other, id)
		}
		spelled[pattern] = id
	}
	for _, address := range o.JWKSURLs {
		if err := netx.CheckURL(address); err != nil {
			problem("JWKSURLs", "JWK set %q: %w", address, err)
		}
	}
	if n := len(o.JWKSURLs); n > 0 && n != len(o.Issuers) {
		problem("JWKSURLs", "%d JWK sets for %d issuers; give one for each, in the same order, or none", n, len(o.Issuers))
	}
}

// checkIssuer takes an identifier of an authorization server, in whose path {tenantid} may stand
// for one segment. If it is only compared, since its keys are elsewhere, it may be http, as that of
// AD FS is.
func checkIssuer(id string, compared bool) error {
	address := id
	if compared {
		address = strings.Replace(id, "http://", "https://", 1)
	}
	if err := netx.CheckURL(address); err != nil {
		return err
	}
	if u, err := url.Parse(id); err != nil || u.RawQuery != "" || strings.ContainsAny(id, "?#") {
		return errors.New("must have no query and no fragment (RFC 8414 §2)")
	}
	if strings.ContainsAny(id, "{}") {
		whole := func(segment string) bool { return segment == tenantPlaceholder }
		if strings.Count(id, "{")+strings.Count(id, "}") != 2 || !slices.ContainsFunc(strings.Split(id, "/"), whole) {
			return errors.New("braces must be those of {tenantid}, once, between slashes of the path")
		}
	}
	return nil
}

func allowedAlgorithms(names []string, problem func(option, format string, args ...any)) []jose.SignatureAlgorithm {
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
			problem("Algorithms", "algorithm %q: only asymmetric ones can be allowed: %v", name, all)
		}
	}
	return allowed
}
