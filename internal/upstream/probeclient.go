package upstream

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// ErrUndecided says that a server's answer tells neither that it knows the gateway nor that it does
// not.
var ErrUndecided = errors.New("upstream: the answer does not tell")

// CheckClient asks the token endpoint to redeem a code that nobody got, to learn whether it knows
// the gateway. An error is a [*netx.Finding], or [ErrUndecided]. idSetting and secretSetting name
// what the server knows the gateway by.
func (p *Provider) CheckClient(ctx context.Context, idSetting, secretSetting string) error {
	m, err := p.metadata(ctx)
	if err != nil {
		return ErrUndecided
	}
	_, err = p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, url.Values{
		"grant_type": {"authorization_code"}, "code": {"gateway-check-connect"}, "redirect_uri": {p.opts.RedirectURL},
		"code_verifier": {strings.Repeat("gateway-check-", 4)},
	})
	return clientFinding(err, idSetting, secretSetting)
}

// CheckMetadata reads the metadata as an exchange does, if the token endpoint is not set. An error
// has a LogReason.
func (a *AuthorizationServer) CheckMetadata(ctx context.Context) error {
	if a.opts.TokenURL != "" {
		return nil
	}
	_, err := a.found.get(ctx)
	return err
}

// CheckClient asks the token endpoint to exchange a token that nobody issued; see
// [Provider.CheckClient].
func (a *AuthorizationServer) CheckClient(ctx context.Context, idSetting, secretSetting string) error {
	const accessToken = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // the name of a kind
	_, err := a.exchange(ctx, url.Values{
		"grant_type":    {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token": {"gateway-check-connect"}, "subject_token_type": {accessToken},
	})
	return clientFinding(err, idSetting, secretSetting)
}

// clientFinding reads what a token endpoint said to a code or token that is not one: a server that
// knows the client says so.
func clientFinding(err error, idSetting, secretSetting string) error {
	e, _ := errors.AsType[*unknownError](err)
	switch {
	case errors.Is(err, errInvalidGrant):
		return nil
	case e != nil && e.reason == invalidClient:
		return &netx.Finding{Found: "refuses the gateway with invalid_client", Change: "correct " + idSetting + " or " + secretSetting}
	case e != nil && e.reason == "unauthorized_client":
		return &netx.Finding{
			Found:  "refuses the gateway with unauthorized_client",
			Change: "allow the grant to this client there, or correct " + idSetting,
		}
	case e != nil && e.reason == "unsupported_grant_type":
		return &netx.Finding{
			Found:  "refuses the request with unsupported_grant_type",
			Change: "turn the grant on there, or use another server or " + setting.ClerkCredentialFlag,
		}
	case e != nil && e.temporary && e.status == 0:
		return &netx.Finding{Found: "does not answer at its token endpoint", Change: "let this machine reach it"}
	}
	return ErrUndecided
}
