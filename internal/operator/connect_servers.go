package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// provider asks where people sign in.
func (p *prober) provider(ctx context.Context) []Connection {
	if p.Config.Auth != "oauth" {
		return nil
	}
	target := netx.ShownURL(p.Config.OIDCIssuer)
	provider, err := p.outgoing().Provider()
	if err != nil {
		return []Connection{{Name: "provider metadata", Target: target, Result: ResultFailed, Found: err.Error(), Change: "correct " + setting.OIDCIssuer}}
	}
	var report upstream.ProviderReport
	var keysErr error
	metadata := p.probe(ctx, "provider metadata", target, func(ctx context.Context) (string, error) {
		report, keysErr = provider.Check(ctx)
		if report.KeysURL == "" {
			return "", providerFailure(keysErr)
		}
		if len(report.Doubts) > 0 {
			return "", warning("is of this issuer, but "+strings.Join(report.Doubts, "; "), "see docs/providers.md")
		}
		return "is of this issuer", nil
	})
	if report.KeysURL == "" {
		return []Connection{metadata}
	}
	return append([]Connection{metadata}, together(
		func() Connection {
			return p.probe(ctx, "provider keys", target, func(context.Context) (string, error) {
				return keysFound(report.UsableKeys), providerFailure(keysErr)
			})
		},
		func() Connection {
			return p.probe(ctx, "provider client", target, func(ctx context.Context) (string, error) {
				return clientFound(provider.CheckClient(ctx, setting.OIDCClientID, setting.OIDCClientSecret))
			})
		},
	)...)
}

// providerFailure is what the provider's part says of a failure, in the words of a sign-in that
// fails for it; nil stays nil.
func providerFailure(err error) error {
	if err == nil {
		return nil
	}
	change := "try again; if it goes on, check " + setting.OIDCIssuer + ", and that this machine reaches the provider"
	if upstream.OperatorMustAct(err) {
		change = "correct what that says, at the provider or in " + setting.OIDCIssuer
	}
	if reason := fault.LogReason(err); reason != "" {
		return failure(reason, change)
	}
	return failure(netx.CauseText("timeout"), change)
}

// tokenIssuer asks the organisation's own authorization servers.
func (p *prober) tokenIssuer(ctx context.Context) []Connection {
	if p.Config.Auth != "external" {
		return nil
	}
	const name = "token issuer keys"
	verifier, err := p.outgoing().Verifier(ctx)
	var probes []func() Connection
	for _, issuer := range p.Config.TokenIssuers {
		target := netx.ShownURL(identity.MetadataIssuer(issuer))
		if err != nil {
			return []Connection{{Name: name, Target: target, Result: ResultFailed, Found: err.Error(), Change: "correct " + setting.TokenIssuers}}
		}
		probes = append(probes, func() Connection {
			return p.probe(ctx, name, target, func(ctx context.Context) (string, error) {
				n, err := verifier.CheckKeys(ctx, issuer, setting.TokenIssuers, setting.TokenJWKSURLs)
				return keysFound(n), err
			})
		})
	}
	return together(probes...)
}

// exchange asks the server that exchanges tokens, if it is not the provider.
func (p *prober) exchange(ctx context.Context) []Connection {
	if !p.outgoing().HasTokenServer() {
		return nil
	}
	const name = "token exchange"
	address := p.Config.ExchangeTokenURL
	if address == "" {
		if address = p.Config.OIDCIssuer; p.Config.Auth != "oauth" {
			address = p.Config.TokenIssuers[0]
		}
	}
	target := netx.ShownURL(address)
	server, err := p.outgoing().TokenServer()
	if err != nil {
		return []Connection{{Name: name, Target: target, Result: ResultFailed, Found: err.Error(), Change: "correct " + setting.ExchangeTokenURL}}
	}
	return []Connection{p.probe(ctx, name, target, func(ctx context.Context) (string, error) {
		if err := server.CheckMetadata(ctx); err != nil {
			return "", providerFailure(err)
		}
		return clientFound(server.CheckClient(ctx, setting.ExchangeClientID,
			setting.ExchangeClientSecret))
	})}
}

func keysFound(n int) string {
	if n == 1 {
		return "1 key for signatures"
	}
	return fmt.Sprintf("%d keys for signatures", n)
}

// clientFound is what a token endpoint said of the gateway.
func clientFound(err error) (string, error) {
	if errors.Is(err, upstream.ErrUndecided) {
		return "", &doubt{ResultUnknown, "the token endpoint does not tell whether it knows the gateway", "sign in once to see"}
	}
	return "knows the gateway", err
}

// noKey stands for the credential that each person has: it is not one, so that an API that checks
// refuses it.
const noKey = "gateway-check-connect"

// api makes one read with the key of the workspace, or one that has to be refused where each person
// has a credential.
func (p *prober) api(ctx context.Context) []Connection {
	const name = "rest api"
	target := netx.ShownURL(p.Config.ClerkURL)
	client, err := clerkapi.NewClient(clerkapi.Options{
		BaseURL: p.Config.ClerkURL, UserAgent: gateway.UserAgent(p.Version), Timeout: p.Timeout, MaxAttempts: 1,
	})
	if err != nil {
		return []Connection{{Name: name, Target: target, Result: ResultFailed, Found: err.Error(), Change: "correct " + setting.ClerkURL}}
	}
	defer client.CloseIdleConnections()
	credential, hasKey := clerkapi.Bearer(noKey), p.Config.ClerkCredential == "api-key"
	switch {
	case hasKey:
		credential = clerkapi.APIKey(p.Config.ClerkAPIKey.Reveal())
	case p.Config.ClerkCredential == "linked":
		credential = clerkapi.APIKey(noKey)
	}
	return []Connection{p.probe(ctx, name, target, func(ctx context.Context) (string, error) {
		_, _, err := client.As(credential).Messages.Find(ctx, &clerkapi.FindMessagesParams{Limit: 1})
		if hasKey {
			return "reached, and takes the key", apiFailure(err)
		}
		return p.apiReached(err)
	})}
}

// apiReached reads the answer to a request that has no good credential.
func (p *prober) apiReached(err error) (string, error) {
	switch e, _ := errors.AsType[*clerkapi.Error](err); {
	case err == nil:
		return "", warning("answers a read with a credential that is not one",
			"what "+setting.ClerkURL+" leads to does not check credentials: is it the API itself?")
	case e != nil && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden):
		return fmt.Sprintf("reached, and nothing more is checked: with "+setting.ClerkCredentialFlag+" %s each person has a credential of their own",
			p.Config.ClerkCredential), nil
	}
	return "", apiFailure(err)
}

// apiFailure says what is wrong with the API or the key, and what to do about it. nil stays nil.
func apiFailure(err error) error {
	e, ok := errors.AsType[*clerkapi.Error](err)
	if !ok {
		return err
	}
	switch {
	case errors.Is(err, clerkapi.ErrUnauthorized):
		return failure("refuses the key (401)", "correct "+setting.ClerkAPIKey)
	case e.Status == http.StatusForbidden:
		return failure("does not let the key read messages (403)", "use a key that may, in "+setting.ClerkAPIKey)
	case e.Status == http.StatusTooManyRequests:
		return warning("reached, and has too many requests to say whether it takes the key (429)", "try again later")
	case e.Status >= http.StatusInternalServerError:
		return failure(fmt.Sprintf("answers %d", e.Status), "try again; if it goes on, is "+setting.ClerkURL+" right?")
	case e.Status >= http.StatusMultipleChoices:
		return failure(fmt.Sprintf("answers %d", e.Status), "correct "+setting.ClerkURL+": nothing of the API is there")
	case e.Status != 0:
		return failure("answers with something else than the API does", "correct "+setting.ClerkURL)
	case errors.Is(err, clerkapi.ErrInvalid):
		return failure("was not asked: "+e.Message, "correct "+setting.ClerkAPIKey)
	case errors.Is(err, clerkapi.ErrTimeout), errors.Is(err, clerkapi.ErrCanceled):
		return failure(netx.CauseText("timeout"), "check "+setting.ClerkURL+", and the firewall in between")
	}
	return failure(netx.CauseText(netx.Cause(errors.Unwrap(e))),
		"check "+setting.ClerkURL+", the names that this machine resolves, its firewall, HTTPS_PROXY if it needs a proxy, and SSL_CERT_FILE for an "+
			"authority of your own")
}

// documents fetches a metadata document of a well-known client. Those are served without it, others
// are not.
func (p *prober) documents(ctx context.Context) []Connection {
	if p.Config.Auth != "oauth" || p.Config.ClientDocuments != authserver.DocumentsOn && p.Config.ClientDocuments != "" {
		return nil
	}
	const name = "client documents"
	target := authserver.ProbedDocument()
	fetcher, err := p.outgoing().DocumentFetcher(p.ClientDocuments)
	if err != nil {
		return []Connection{{Name: name, Target: target, Result: ResultFailed, Found: err.Error(), Change: "correct " + setting.EgressProxy}}
	}
	return []Connection{p.probe(ctx, name, target, func(ctx context.Context) (string, error) {
		proxied := p.Config.EgressProxy != ""
		found := "fetched"
		if proxied {
			found = "fetched by way of " + setting.EgressProxyFlag
		}
		err := authserver.ProbeDocument(ctx, fetcher, proxied)
		if f, ok := errors.AsType[*netx.Finding](err); ok {
			return "", warning(f.Found+"; well-known clients are served without it, other clients with a document are not", f.Change)
		}
		return found, err
	})}
}

// together asks several things at the same time, and gives what was found in their order.
func together(probes ...func() Connection) []Connection {
	found, done := make([]Connection, len(probes)), make(chan struct{}, len(probes))
	for i, ask := range probes {
		go func() {
			found[i] = ask()
			done <- struct{}{}
		}()
	}
	for range probes {
		<-done
	}
	return found
}
