package upstream

import (
	"context"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// metadata is what the provider says of itself (OpenID Connect Discovery §3).
type metadata struct {
	keys KeySet

	// Metadata has the issuer that was expected, or the template for it.
	netx.Metadata
}

func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	return p.found.get(ctx)
}

func (p *Provider) metadataURL() string {
	return strings.TrimSuffix(identity.MetadataIssuer(p.opts.Issuer), "/") + netx.OpenIDMetadata
}

// discover reads the metadata (OpenID Connect Discovery §4). It is ours and not go-oidc's, whose
// errors quote what was answered and do not tell operators which setting is wrong.
func (p *Provider) discover(ctx context.Context, old *metadata) (*metadata, error) {
	found, err := netx.ReadMetadata(ctx, p.client, p.metadataURL(), issuersOf(p.opts.Issuer)...)
	if err != nil {
		return nil, withoutMetadata(setting.OIDCIssuer, p.opts.Issuer, err)
	}
	m := &metadata{Metadata: *found}
	if netx.CheckURL(m.AuthURL) != nil { // browsers go there, so it is never the backchannel
		return nil, withoutEndpoint("authorization_endpoint", m.AuthURL)
	}
	if !p.mayAsk(m.TokenURL) {
		return nil, withoutEndpoint("token_endpoint", m.TokenURL)
	}
	if !p.mayAsk(m.KeysURL) {
		return nil, withoutEndpoint("jwks_uri", m.KeysURL)
	}
	if !p.mayAsk(m.UserInfoURL) {
		m.UserInfoURL = ""
	}
	if old != nil && old.KeysURL == m.KeysURL {
		m.keys = old.keys // they are fetched again when one is missing
		return m, nil
	}
	m.keys = p.opts.KeySet(func(ctx context.Context) ([]byte, error) {
		return fetchKeys(ctx, p.client, "jwks_uri in the provider's metadata", m.KeysURL)
	})
	return m, nil
}

// mayAsk reports whether the gateway may send a secret to an address, and believe what it says.
func (p *Provider) mayAsk(address string) bool {
	return netx.CheckURL(address) == nil || backchannelAddress(address, p.opts.BackchannelURL)
}

// algorithmEd25519 is the name of RFC 9864 §2.2 for what RFC 8037 calls EdDSA with such a key.
const algorithmEd25519 = "Ed25519"

// algorithms are those that ID tokens may be signed with: asymmetric ones that the provider
// announces. A symmetric one would make the client secret a key, and none is not a signature (RFC
// 8725 §2.1).
func (m *metadata) algorithms() []string {
	all := []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512,
		oidc.EdDSA, algorithmEd25519,
	}
	if len(m.Algorithms) == 0 {
		return all
	}
	announced := slices.DeleteFunc(all, func(a string) bool { return !m.announces(a) })
	if len(announced) == 0 {
		return []string{oidc.RS256}
	}
	return announced
}

// announces takes both names of EdDSA for one: a provider may sign with the new one and announce
// the old one.
func (m *metadata) announces(a string) bool {
	if a == oidc.EdDSA || a == algorithmEd25519 {
		return slices.Contains(m.Algorithms, oidc.EdDSA) || slices.Contains(m.Algorithms, algorithmEd25519)
	}
	return slices.Contains(m.Algorithms, a)
}
