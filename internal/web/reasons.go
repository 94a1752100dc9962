package web

import (
	"maps"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// Reason is why a request was refused: one of the fixed words below, which may be logged and
// counted.
type Reason string

// Why a request is refused before anything else about it matters.
const (
	ReasonHost        Reason = "host_not_allowed"
	ReasonOrigin      Reason = "origin_not_allowed"
	ReasonNotFound    Reason = "not_found"
	ReasonMethod      Reason = "method_not_allowed"
	ReasonContentType Reason = "content_type"
	ReasonAccept      Reason = "accept"
	ReasonTooLarge    Reason = "too_large"
	ReasonTooSlow     Reason = "too_slow"
	ReasonTooMany     Reason = "too_many_requests"
	ReasonBadRequest  Reason = "bad_request"
	ReasonForbidden   Reason = "forbidden"
	ReasonUnavailable Reason = "unavailable"
	ReasonInternal    Reason = "internal_error"
)

// Why a call to an MCP endpoint is refused.
const (
	ReasonNoToken           Reason = "no_token"
	ReasonInvalidToken      Reason = "invalid_token"
	ReasonForeignToken      Reason = "token_for_another_server"
	ReasonInsufficientScope Reason = "insufficient_scope"
	ReasonScopeNotInToken   Reason = "scope_not_in_token"
	ReasonSessionGone       Reason = "session_not_found"
	ReasonSessionMissing    Reason = "session_missing"
	ReasonProtocolVersion   Reason = "protocol_version"
)

// Why a request to the authorization server is refused.
const (
	ReasonInvalidRequest     Reason = "invalid_request"
	ReasonInvalidClient      Reason = "invalid_client"
	ReasonUnknownClient      Reason = "unknown_client"
	ReasonBlockedClient      Reason = "blocked_client"
	ReasonClientMetadata     Reason = "invalid_client_metadata"
	ReasonRegisteredRedirect Reason = "invalid_redirect_uri"
	ReasonRedirectMismatch   Reason = "redirect_mismatch"
	ReasonPKCE               Reason = "pkce"
	ReasonScope              Reason = "invalid_scope"
	ReasonTarget             Reason = "invalid_target"
	ReasonUnsupported        Reason = "unsupported"
	ReasonInvalidGrant       Reason = "invalid_grant"
	ReasonOthersToken        Reason = "token_of_another_client"
	ReasonNotPending         Reason = "sign_in_not_pending"
	ReasonFinished           Reason = "sign_in_finished"
	ReasonPageExpired        Reason = "page_expired"
	ReasonForeignForm        Reason = "foreign_form"
	ReasonDeclined           Reason = "person_declined"
	ReasonPersonNotAllowed   Reason = "person_not_allowed"
	ReasonDeniedByProvider   Reason = "denied_by_provider"
	ReasonSignInOver         Reason = "sign_in_over"
	ReasonDocument           Reason = "client_document"
	ReasonProvider           Reason = "provider_failed"
)

// about is what there is to say of a reason.
type about struct {
	// tell says that an operator may have to act: such a refusal is told at INFO, others at DEBUG.
	tell bool
	// person says that only somebody whom the identity provider knows can be refused for this, so
	// more of the lines are told than of what strangers can cause. A public provider knows anybody,
	// so these are bounded too.
	person bool
	// mend says what would mend it.
	mend string
}

// known has every reason there is. docs/operations.md has the same.
var known = map[Reason]about{
	ReasonHost: {tell: true, mend: "add the host name to " + setting.AllowedHostsFlag + ", or set " +
		setting.PublicURLFlag + ", if clients are meant to use it"},
	ReasonOrigin:      {tell: true, mend: "add the origin to " + setting.AllowedOriginsFlag + " if its pages may call this server"},
	ReasonNotFound:    {mend: "the client has to use a path that this server serves; compare its URL with " + setting.PublicURLFlag},
	ReasonMethod:      {mend: "the client has to use a method that the path takes"},
	ReasonContentType: {mend: "the client has to send the content type that the endpoint takes"},
	ReasonAccept:      {mend: "the client has to accept application/json or text/event-stream"},
	ReasonTooLarge:    {mend: "the client has to send less, or raise " + setting.MaxBodyFlag},
	ReasonTooSlow:     {mend: "the client has to send faster, or raise " + setting.BodyTimeoutFlag},
	ReasonTooMany:     {mend: "the client has to wait; see the limits in the documentation if many are affected"},
	ReasonBadRequest:  {mend: "the client has to send a well-formed request"},
	ReasonForbidden:   {tell: true, person: true, mend: "see the rules for signing in if this person should come in"},
	ReasonUnavailable: {mend: "see the warnings of the same time: the store or the identity provider does not answer, or there is too much to do"},
	ReasonInternal:    {mend: "see the error with the same request id"},

	ReasonNoToken:      {mend: "nothing: the client is told where to sign in"},
	ReasonInvalidToken: {mend: "the client has to sign in again; with tokens of another issuer compare issuer, audience and scope claim with the settings"},
	ReasonForeignToken: {tell: true, mend: "compare the issuer, audience and claims of the tokens with the settings for tokens and with " +
		setting.PublicURLFlag},
	ReasonInsufficientScope: {mend: "the person has to sign in again and grant the scopes, or the issuer has to put them into its tokens"},
	ReasonScopeNotInToken:   {tell: true, mend: "the issuer has to put the scopes into its tokens: compare the scope claim and the scope names with the settings"},
	ReasonSessionGone:       {mend: "the client has to begin a new session"},
	ReasonSessionMissing:    {mend: "the client has to send the session id that initialize answered"},
	ReasonProtocolVersion:   {mend: "the client has to use a protocol version that this server speaks"},

	ReasonInvalidRequest:     {mend: "the client has to send the request as the answer says"},
	ReasonInvalidClient:      {mend: "the client has to authenticate as it is registered"},
	ReasonUnknownClient:      {mend: "the client has to register again; if all do, the keys of registrations have changed"},
	ReasonBlockedClient:      {tell: true, mend: "remove the client from the denied ones of " + setting.OAuthClientsFlag + " if it may come in"},
	ReasonClientMetadata:     {mend: "the client has to register with metadata that this server takes"},
	ReasonRegisteredRedirect: {mend: "the client has to register a redirect that this server takes"},
	ReasonRedirectMismatch: {mend: "the client has to use a redirect_uri that it registered; for a client of " +
		setting.OAuthClientsFlag + " add it there"},
	ReasonPKCE:         {mend: "the client has to use PKCE with S256"},
	ReasonScope:        {mend: "the client has to ask for scopes that this server knows and that were granted"},
	ReasonTarget:       {mend: "the client has to name an MCP endpoint below " + setting.PublicURLFlag + " as resource"},
	ReasonUnsupported:  {mend: "the client has to use what the metadata of this server names"},
	ReasonInvalidGrant: {mend: "the person has to sign in again"},
	ReasonOthersToken:  {mend: "the client has to send tokens of its own"},
	ReasonNotPending: {mend: "the person has to start again from the app, in one browser that keeps cookies, under the address of " +
		setting.PublicURLFlag},
	ReasonFinished:    {mend: "the person has to start again from the app"},
	ReasonPageExpired: {mend: "the person has to start again from the app, in one browser that keeps cookies"},
	ReasonForeignForm: {mend: "the person has to start again from the app; behind a proxy see that it keeps the Origin and that " +
		setting.PublicURLFlag + " is right"},
	ReasonDeclined:         {mend: "nothing: the person said no"},
	ReasonPersonNotAllowed: {tell: true, person: true, mend: "change the rules for signing in if this person should come in"},
	ReasonDeniedByProvider: {tell: true, mend: "the person has to agree at the identity provider, or it has to let them use this application"},
	ReasonSignInOver:       {tell: true, person: true, mend: "the person has to sign in again; if this goes on see " + setting.RecheckFlag},
	ReasonDocument:         {mend: "the makers of the client have to mend its metadata document"},
	ReasonProvider:         {tell: true, person: true, mend: "see the cause: the settings of the identity provider, here or there, have to be changed"},
}

// Reasons are all there are, with what would mend each.
func Reasons() map[Reason]string {
	all := map[Reason]string{}
	for reason, a := range maps.All(known) {
		all[reason] = a.mend
	}
	return all
}

// reasonOf is the reason where nobody gave one.
func reasonOf(status int) Reason {
	switch status {
	case 401:
		return ReasonInvalidToken
	case 403:
		return ReasonForbidden
	case 404:
		return ReasonNotFound
	case 405:
		return ReasonMethod
	case 406:
		return ReasonAccept
	case 408:
		return ReasonTooSlow
	case 413:
		return ReasonTooLarge
	case 415:
		return ReasonContentType
	case 429:
		return ReasonTooMany
	case 502, 503, 504:
		return ReasonUnavailable
	}
	if status >= 500 {
		return ReasonInternal
	}
	return ReasonBadRequest
}
