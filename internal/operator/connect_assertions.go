package operator

import (
	"context"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

// workloads asks for the keys of the platforms whose workloads are let in.
func (p *prober) workloads(ctx context.Context) []Connection {
	return p.assertionKeys(ctx, "workload issuer keys", "the issuer in "+setting.WorkloadIssuers, "jwks_url or ca_file in "+setting.WorkloadIssuers,
		p.outgoing().WorkloadKeys)
}

// identityAssertions asks for the keys of the companies' providers whose assertions are taken.
func (p *prober) identityAssertions(ctx context.Context) []Connection {
	return p.assertionKeys(ctx, "identity assertion keys", setting.IdentityAssertionIssuers, "jwks_uri in the metadata of "+setting.IdentityAssertionIssuers,
		p.outgoing().IdentityAssertionKeys)
}

func (p *prober) assertionKeys(
	ctx context.Context, name, issuerSetting, keysSetting string, read func(context.Context, func(string, *token.IssuerKeys)) error,
) []Connection {
	if p.Config.Auth != "oauth" {
		return nil
	}
	var probes []func() Connection
	err := read(ctx, func(issuer string, keys *token.IssuerKeys) {
		probes = append(probes, func() Connection {
			return p.probe(ctx, name, netx.ShownURL(issuer), func(ctx context.Context) (string, error) {
				n, err := keys.Check(ctx, issuerSetting, keysSetting)
				return keysFound(n), err
			})
		})
	})
	if err != nil { // the file has changed since the settings were checked
		return []Connection{{Name: name, Target: "-", Result: ResultFailed, Found: strings.ReplaceAll(err.Error(), "\n", "; "), Change: "correct " + issuerSetting}}
	}
	return together(probes...)
}
