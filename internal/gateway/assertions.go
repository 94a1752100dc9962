package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// issuerLeeway is how far the clock of an issuer of assertions may be off.
const issuerLeeway = time.Minute

// issuerKeys make what verifies assertions. The zero value fetches nothing, to check settings.
type issuerKeys struct {
	ctx       context.Context //nolint:containedctx // bounds fetches in the background
	transport http.RoundTripper
	now       func() time.Time
	// closer is given what is to be closed in the end.
	closer func(func() error)
	// made is told of all that are made; nil for nobody.
	made func(issuer string, keys *token.IssuerKeys)
}

// checkKeys are for who wants to know only whether settings are right.
func checkKeys() issuerKeys {
	return issuerKeys{ctx: context.Background(), closer: func(func() error) {}}
}

func (k issuerKeys) of(w authserver.WorkloadIssuer) (authserver.GrantKeys, error) {
	opts := token.IssuerKeysOptions{
		Issuer: w.Issuer, JWKSURL: w.JWKSURL, JWKS: w.JWKS, Leeway: issuerLeeway, HTTPClient: &http.Client{Transport: k.transport}, Now: k.now,
	}
	if w.CAFile != "" {
		if len(w.JWKS) > 0 {
			return nil, errors.New("there are a ca_file and the keys themselves, for which nothing is fetched; give one of them")
		}
		transport, err := transportTrusting(w.CAFile)
		if err != nil {
			return nil, err
		}
		k.closer(func() error { transport.CloseIdleConnections(); return nil })
		opts.HTTPClient = &http.Client{Transport: transport}
	}
	keys, err := token.NewIssuerKeys(k.ctx, opts)
	if err == nil && k.made != nil {
		k.made(w.Issuer, keys)
	}
	return keys, err
}

// transportTrusting trusts the certificates of a file too.
func transportTrusting(file string) (*http.Transport, error) {
	pem, err := os.ReadFile(file) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, fmt.Errorf("ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("ca_file: %s has no certificate in PEM", file)
	}
	transport := netx.NewTransport()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}

// readWorkloads reads the operator's list of workloads, nil without one.
func readWorkloads(cfg *config.Config, keys issuerKeys) (*authserver.Workloads, error) {
	if cfg.WorkloadIssuers == "" {
		return nil, nil
	}
	data, err := os.ReadFile(cfg.WorkloadIssuers)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting.WorkloadIssuers, err)
	}
	people := map[string]string{issuerURL(cfg).String(): "this gateway (" + setting.PublicURLFlag + ")"}
	for _, issuer := range cfg.IdentityAssertionIssuers {
		people[issuer] = setting.IdentityAssertionIssuersFlag
	}
	people[cfg.OIDCIssuer] = setting.OIDCIssuerFlag
	workloads, err := authserver.ParseWorkloads(data, authserver.WorkloadOptions{Keys: keys.of, People: people, Scopes: []string{
		mcpadapter.ScopeReadMessages, mcpadapter.ScopeSendMessages, mcpadapter.ScopeWriteContacts, mcpadapter.ScopeSendCampaigns,
	}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting.WorkloadIssuers, err)
	}
	return workloads, nil
}

// newIdentityAssertions takes those of the company's identity provider, nil without one. People
// pass the same rules as at a sign-in.
func newIdentityAssertions(cfg *config.Config, keys issuerKeys) (*authserver.IdentityAssertions, error) {
	if len(cfg.IdentityAssertionIssuers) == 0 {
		return nil, nil
	}
	a, err := newAdmission(cfg)
	if err != nil {
		return nil, err
	}
	out := &authserver.IdentityAssertions{Keys: map[string]authserver.GrantKeys{}}
	var problems []error
	for _, issuer := range cfg.IdentityAssertionIssuers {
		for known := range out.Keys {
			if token.SameIssuer(issuer, known) {
				problems = append(problems, fmt.Errorf("%s: %q is there twice", setting.IdentityAssertionIssuers, issuer))
			}
		}
		switch {
		case token.SameIssuer(issuer, issuerURL(cfg).String()):
			problems = append(problems, fmt.Errorf("%s: %q is this gateway itself", setting.IdentityAssertionIssuers, issuer))
		case issuer != cfg.OIDCIssuer && token.SameIssuer(issuer, cfg.OIDCIssuer):
			problems = append(problems, fmt.Errorf("%s: %q must be spelled as %s is, %q, or a person would be two",
				setting.IdentityAssertionIssuers, issuer, setting.OIDCIssuerFlag, cfg.OIDCIssuer))
		}
		if out.Keys[issuer], err = keys.of(authserver.WorkloadIssuer{Issuer: issuer}); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", setting.IdentityAssertionIssuers, err))
		}
	}
	now := keys.now
	if now == nil {
		now = time.Now
	}
	out.Admit = func(issuer string, claims map[string]any) (authserver.Person, error) {
		if err := a.deny.Deny(claims); err != nil {
			return authserver.Person{}, errors.Join(authserver.ErrNotAllowed, err)
		}
		if a.deny.Lack(claims) { // at a sign-in the provider would be asked for it
			return authserver.Person{}, authserver.ErrUndescribed
		}
		if err := a.allow(claims); err != nil {
			return authserver.Person{}, errors.Join(authserver.ErrNotAllowed, err)
		}
		p, err := upstream.Asserted(issuer, claims, now())
		if err != nil {
			return authserver.Person{}, fmt.Errorf("an identity assertion that was read before: %w", err)
		}
		return p, nil
	}
	return out, errors.Join(problems...)
}

// assertions are all that tokens are given for without a sign-in.
type assertions struct {
	workloads *authserver.Workloads
	identity  *authserver.IdentityAssertions
}

func (g *Gateway) newAssertions(opts Options) (a assertions, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	g.closers = append(g.closers, func() error { cancel(); return nil })
	keys := issuerKeys{ctx: ctx, transport: g.outgoing, now: opts.ProviderNow, closer: func(f func() error) { g.closers = append(g.closers, f) }}
	if a.workloads, err = readWorkloads(&g.cfg, keys); err != nil {
		return a, err
	}
	a.identity, err = newIdentityAssertions(&g.cfg, keys)
	return a, err
}
