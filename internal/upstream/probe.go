package upstream

import (
	"context"
	"slices"
	"strings"
)

// ProviderReport is what a provider was found to say of itself.
type ProviderReport struct {
	// MetadataURL is where the metadata was read, Issuer whose it is; for many tenants with
	// {tenantid} in it.
	MetadataURL, Issuer string
	// The endpoints; UserInfoURL is "" if there is none that may be asked.
	AuthorizationURL, TokenURL, KeysURL, UserInfoURL string
	// Keys is how many keys are published, UsableKeys how many of them can verify ID tokens.
	Keys, UsableKeys int
	// Doubts are findings that let no sign-in fail for certain, in words for operators.
	Doubts []string
}

// Check asks the provider for its metadata and its keys. It sends no secret. The report has what
// was found before the error, whose LogReason says what is wrong and whose OperatorMustAct whether
// that passes by itself.
func (p *Provider) Check(ctx context.Context) (ProviderReport, error) {
	report := ProviderReport{MetadataURL: p.metadataURL()}
	m, err := p.metadata(ctx)
	if err != nil {
		return report, err
	}
	report.Issuer, report.AuthorizationURL, report.TokenURL, report.KeysURL, report.UserInfoURL = m.Issuer, m.AuthURL, m.TokenURL, m.KeysURL, m.UserInfoURL
	report.Doubts = p.doubts(m)
	if report.UsableKeys, report.Keys, err = m.keys.Count(ctx); err != nil {
		return report, keysFailure(err)
	}
	return report, nil
}

func (p *Provider) doubts(m *metadata) (doubts []string) {
	if len(m.Algorithms) > 0 && !slices.ContainsFunc(m.algorithms(), m.announces) {
		symmetric := slices.ContainsFunc(m.Algorithms, func(a string) bool { return strings.HasPrefix(a, "HS") })
		doubt := "the provider announces no algorithm for ID tokens that the gateway accepts"
		if symmetric {
			doubt += "; " + signingKeyAdvice
		}
		doubts = append(doubts, doubt)
	}
	announced := m.AuthMethods
	if len(announced) > 0 && p.opts.ClientSecret != "" && !slices.Contains(announced, AuthBasic) && !slices.Contains(announced, AuthPost) {
		doubts = append(doubts, "the provider announces neither client_secret_basic nor client_secret_post, by which the gateway shows its secret")
	}
	if method := p.tokens.method; method != AuthAuto && len(announced) > 0 && !slices.Contains(announced, method) {
		doubts = append(doubts, "the provider does not announce "+method+" of "+providerSettings.method)
	}
	return doubts
}
