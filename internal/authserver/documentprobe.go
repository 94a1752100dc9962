package authserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// ProbedDocument is the metadata document of a well-known client that [ProbeDocument] fetches.
func ProbedDocument() string { return builtInDocuments[0].id }

// ProbeDocument fetches a document as a sign-in of its client does, and forgets it. It is for
// operators who ask whether documents can be fetched (gateway check --connect). proxied says that
// it goes through a proxy. Every error is a [*netx.Finding].
func ProbeDocument(ctx context.Context, fetcher *netx.Fetcher, proxied bool) error {
	id := ProbedDocument()
	got, err := fetcher.Fetch(ctx, id)
	if failed, ok := errors.AsType[*netx.FetchError](err); ok {
		cause := failed.Cause
		if ctx.Err() != nil {
			cause = "timeout"
		}
		change := "let this machine reach port 443 of public hosts, or set " + setting.EgressProxy
		if proxied {
			change = "let the proxy of " + setting.EgressProxy + " reach the hosts of clients on port 443"
		}
		return &netx.Finding{Found: netx.CauseText(cause), Change: change}
	}
	switch {
	case err != nil:
		return &netx.Finding{Found: netx.CauseText(netx.Cause(err)), Change: "try again"}
	case got.Status != http.StatusOK:
		return &netx.Finding{
			Found:  fmt.Sprintf("answers %d", got.Status),
			Change: "that host may be keeping the network of this machine out; another way is " + setting.EgressProxy,
		}
	}
	if _, err := parseDocument(id, got.Body, nil); err != nil {
		return &netx.Finding{
			Found:  "answers with something else than its document",
			Change: "look for a proxy in between that answers in its place",
		}
	}
	return nil
}
