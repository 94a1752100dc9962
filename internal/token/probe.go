package token

import (
	"context"
	"errors"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/go-jose/go-jose/v4"
)

// CheckKeys fetches the keys of one of the issuers as its first token does, and gives how many
// there are for the algorithms that tokens may have. It is for operators who ask whether the issuer
// answers (gateway check --connect). issuerSetting and keysSetting name where the issuer and its
// keys are set. Every error is a [*netx.Finding].
func (e *External) CheckKeys(ctx context.Context, issuer, issuerSetting, keysSetting string) (int, error) {
	keysURL := ""
	if n := slices.Index(e.opts.Issuers, issuer); n >= 0 && len(e.opts.JWKSURLs) > 0 {
		keysURL = e.opts.JWKSURLs[n]
	}
	i := newIssuer(e.opts.HTTPClient, issuer, keysURL)
	keys, err := i.keys(ctx)
	if err != nil {
		return 0, why(ctx, i, err, issuerSetting, keysSetting)
	}
	n := keys.forAny(e.algorithms)
	if n == 0 {
		return 0, &netx.Finding{
			Found:  "the key set has no key for the algorithms that are accepted",
			Change: "correct " + setting.TokenAlgorithms,
		}
	}
	return n, nil
}

// forAny counts the keys for one of some algorithms.
func (k Keys) forAny(algorithms []jose.SignatureAlgorithm) int {
	n := 0
	for _, key := range k.keys {
		if slices.ContainsFunc(algorithms, key.fits) {
			n++
		}
	}
	return n
}

// Check is [External.CheckKeys] for an issuer of assertions. Keys that were given are only counted.
func (k *IssuerKeys) Check(ctx context.Context, issuerSetting, keysSetting string) (int, error) {
	if k.set == nil {
		return len(k.fixed.keys), nil
	}
	i := k.source()
	keys, err := i.keys(ctx)
	if err != nil {
		return 0, why(ctx, i, err, issuerSetting, keysSetting)
	}
	return keys.forAny(asymmetric()), nil
}

// why looks again, for words.
func why(ctx context.Context, i *issuer, failure error, issuerSetting, keysSetting string) error {
	address, setting := "", keysSetting
	if i.fixed {
		address = i.keysURL
	}
	if address == "" {
		setting = issuerSetting
		var err error
		if address, err = netx.LookForKeys(ctx, i.client, identity.MetadataIssuer(i.id), setting, i.announce...); err != nil {
			return err
		}
		if netx.CheckURL(address) != nil {
			return &netx.Finding{
				Found: "the metadata names no usable jwks_uri", Change: "set " + keysSetting + " to where the keys are",
			}
		}
	}
	data, err := netx.Look(ctx, i.client, "the key set", address, setting)
	if err != nil {
		return err
	}
	_, err = parseKeys(data)
	switch {
	case errors.Is(err, errNoKeys):
		return &netx.Finding{
			Found:  "the key set at " + netx.ShownURL(address) + " has no key to verify signatures with",
			Change: "the authorization server has to publish RSA keys of 2048 bits, EC or Ed25519 keys",
		}
	case err != nil:
		return &netx.Finding{Found: "the key set at " + netx.ShownURL(address) + " is not a JWK set", Change: "correct " + setting}
	case ctx.Err() != nil:
		return &netx.Finding{Found: "the issuer " + netx.CauseText("timeout"), Change: "check " + setting}
	}
	// It works by now: what failed a moment ago may do so again.
	return &netx.Finding{Found: "the issuer " + netx.CauseText(netx.Cause(failure)), Change: "try again"}
}
