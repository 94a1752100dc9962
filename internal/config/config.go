package config

import (
	"log/slog"
	"time"
)

// MinSecretLength is the least number of characters of a secret.
const MinSecretLength = 32

// Config is everything that can be set. Fields stand in the order in which help shows them. The
// first paragraph of a field's comment is its help text; what comes after it is for readers of the
// code. The tag has the flag's name, and of these what is needed:
//
//	default      what the value is otherwise
//	placeholder  what help shows for the value
//	enum         what it may be
//	sep          what separates the entries of a list, if it is not a comma
//	min, max     the borders of a number or a duration
//	need         that it must be given, and how to come by it
//	only         with which values of another setting it has an effect, as in auth=oauth,external
//	env          the variable, if it does not go by the name
//	group        the heading in help, of this and all fields up to the next one
type Config struct {
	// Address for MCP clients and browsers. Port 0 takes any free one.
	Listen string `name:"listen" default:"127.0.0.1:8080" placeholder:"ADDR" need:"" group:"Network"`

	// Address for /metrics, /livez and /readyz of operators. Without it there are no metrics;
	// /livez and /readyz are always on the main address too.
	AdminListen string `name:"admin-listen" placeholder:"ADDR"`

	// Scheme and host under which clients reach the gateway; behind a shared ingress also the path
	// before all of its own, such as https://apps.example.com/clerk-chat. Default: http:// and the
	// listen address.
	PublicURL string `name:"public-url" placeholder:"URL"`

	// Host names to answer for besides the public URL's, addresses and loopback names.
	AllowedHosts []string `name:"allowed-hosts" placeholder:"NAME"`

	// Origins whose web pages may call the gateway from a browser, such as
	// https://app.example.com, https://*.example.com, http://localhost:* or chrome-extension://ID.
	// With a login also *, for any page.
	AllowedOrigins []string `name:"allowed-origins" placeholder:"ORIGIN"`

	// Largest request body; a larger one is answered 413.
	MaxBody int64 `name:"max-body" default:"4194304" placeholder:"BYTES" min:"1024"`

	// Addresses and networks of the proxies in front of the gateway, such as 10.0.0.0/8, whose
	// X-Forwarded-For and X-Request-Id are taken. They must overwrite what clients send of these,
	// or append to X-Forwarded-For, and keep X-Request-Id when they try a request again.
	TrustedProxies []string `name:"trusted-proxies" placeholder:"ADDRESS"`

	// At least 32 random characters, the same on every replica; all keys derive from it. Several,
	// separated by commas, rotate: the first one seals, every one opens.
	Secrets []Secret `name:"secret" placeholder:"SECRET" need:"make one with: gateway secret" group:"Secrets and state"`

	// Redis for what replicas share: redis://, rediss://, unix://; redis+sentinel:// and
	// redis+cluster:// (rediss+… for TLS). Without it everything lives in this process and ends
	// with it.
	RedisURL Secret `name:"redis-url" placeholder:"URL"`

	// How long a call that sends or creates something may wait for Redis: for one answer, or for
	// the end of a short outage such as a failover. What only reads waits half a second and goes
	// on without Redis. Waiting for a turn behind other requests of the gateway does not count.
	RedisTimeout time.Duration `name:"redis-timeout" default:"2s" placeholder:"DURATION" min:"0s"`

	// Answer 400 to a request of the older protocol versions that carries no session id. By
	// default it is served, since many clients lose the header.
	RequireSession bool `name:"require-session" group:"Sessions"`

	// Longest life of a session; after it the client initializes again.
	SessionMaxAge time.Duration `name:"session-max-age" default:"720h" placeholder:"DURATION" min:"1m"`

	// How long Redis keeps the record of an unused session. The session itself lives on: its
	// record is written again when it is next used.
	SessionIdle time.Duration `name:"session-idle" default:"168h" placeholder:"DURATION" min:"2m"`

	// How callers prove who they are. none: no login, all are one anonymous caller. oauth: people
	// sign in through the browser at an OpenID Connect provider, and the gateway is the
	// authorization server. external: access tokens of the organisation's own authorization
	// server.
	Auth string `name:"auth" default:"none" enum:"none,oauth,external" group:"Who may call"`

	// Allow --auth none on an address that other machines reach. Anyone who can reach the gateway
	// can then send messages from the workspace.
	InsecureNoAuth bool `name:"insecure-no-auth" only:"auth=none"`

	// Admit users whose token has any of these claims, separated by commas: hd=example.com,
	// groups=support, tid=TENANT, email_domain=example.com (of a verified address). A claim inside
	// of another is named by its path, such as realm_access.roles=texter; a list or an object of
	// roles fits with one of its entries. Write a value that has commas in double quotes, such as
	// groups="CN=Support,OU=Groups,DC=example,DC=com" (in a shell with single quotes around all of
	// it), or with a backslash before each comma. With several issuers each rule begins with its
	// own: https://login.example.com groups=support. An issuer that tenants share ({tenantid},
	// common, organizations) needs a tid= rule for each tenant; other rules then choose among
	// their people.
	AllowSignin []string `name:"allow-signin" sep:"none" placeholder:"CLAIM=VALUE"`

	// Let in everybody whom the authorization server gives a token.
	AllowAnyUser bool `name:"allow-any-user" only:"auth=oauth,external"`

	// Refuse users whose token has any of these claims, whatever --allow-signin says, in the same
	// form: groups=left, email=ann@example.com, email_domain=example.com (of any address). Whoever
	// is signed in already is out with the next call. A claim that the provider left out for its
	// length, or that cannot be compared, shuts out too.
	DenySignin []string `name:"deny-signin" sep:"none" placeholder:"CLAIM=VALUE"`

	// With --auth oauth: how old the provider's last yes about a person may be when a client
	// refreshes its tokens, or sends or changes something. After that the provider is asked first
	// whether they may still come in. At least 1m.
	//
	// The least keeps the provider from being asked with every call.
	Recheck time.Duration `name:"recheck" default:"15m" placeholder:"DURATION" min:"1m" only:"auth=oauth"`

	// With --auth oauth: how long a login goes on while the provider cannot say whether the person
	// may still come in. After that they sign in again. Longer than --recheck.
	GrantMaxAge time.Duration `name:"grant-max-age" default:"720h" placeholder:"DURATION" only:"auth=oauth"`

	// The provider's issuer identifier, to the letter as in its metadata. For people of many
	// tenants of Entra ID: https://login.microsoftonline.com/organizations/v2.0, or common in that
	// place.
	OIDCIssuer string `name:"oidc-issuer" placeholder:"URL" need:"" only:"auth=oauth" group:"Sign-in of --auth oauth"`

	// OAuth client ID of the gateway at the provider. Register the public URL with /oauth/callback
	// behind it there.
	OIDCClientID string `name:"oidc-client-id" placeholder:"ID" need:"" only:"auth=oauth"`

	// The gateway's secret at the provider. Without it the gateway is a public client there.
	OIDCClientSecret Secret `name:"oidc-client-secret" placeholder:"SECRET" only:"auth=oauth"`

	// How the gateway shows its secret at the provider's token endpoint: in a header
	// (client_secret_basic), in the body (client_secret_post), or not at all (none, for a public
	// client). auto: as the provider announces, and where it announces both, the other one too if
	// it does not take the client by the first.
	OIDCClientAuth string `name:"oidc-client-auth" default:"auto" enum:"auto,client_secret_basic,client_secret_post,none" only:"auth=oauth"`

	// Where the gateway itself reaches the issuer, if that has another address from inside, such
	// as http://keycloak:8080 in place of the issuer's host, or with a path in place of the
	// issuer. Browsers go on to the issuer's own address, and the Host header stays the issuer's.
	OIDCBackchannel string `name:"oidc-backchannel-url" placeholder:"URL" only:"auth=oauth"`

	// What to ask the provider for beside openid. Default: profile,email. offline_access is added
	// where the provider announces it, and left out again if it refuses it.
	OIDCScopes []string `name:"oidc-scopes" placeholder:"SCOPE" only:"auth=oauth"`

	// Parameters that the provider wants when people are sent to sign in, such as
	// access_type=offline,prompt=consent for a refresh token of Google's. What the protocol itself
	// needs cannot be set.
	OIDCParams []string `name:"oidc-params" placeholder:"NAME=VALUE" only:"auth=oauth"`

	// JSON file of MCP clients that are registered beforehand, and of those that are denied.
	OAuthClients string `name:"oauth-clients" placeholder:"FILE" only:"auth=oauth"`

	// JSON file of the platforms whose workloads may come in without a person, such as GitHub
	// Actions or a Kubernetes cluster, with a rule for each workload. See
	// docs/agents-without-people.md.
	WorkloadIssuers string `name:"workload-issuers" placeholder:"FILE" only:"auth=oauth"`

	// Issuers of identity assertions (enterprise-managed authorization): the company's identity
	// provider vouches for its people towards MCP clients, and nobody sees a page of the gateway.
	// May be --oidc-issuer; then a person is the same one in both. See docs/enterprise-managed.md.
	IdentityAssertionIssuers []string `name:"identity-assertion-issuer" placeholder:"URL" only:"auth=oauth"`

	// MCP clients whose client_id is a URL, where a document describes them. on: the document is
	// fetched, and well-known clients are known without it if that fails. builtin: nothing is
	// fetched, and only the well-known clients are served: Claude, Claude Code, ChatGPT, Codex, VS
	// Code, OpenCode, Zed and Factory. off: none is served, and clients are told to register
	// instead.
	ClientDocuments string `name:"client-documents" default:"on" enum:"on,builtin,off" only:"auth=oauth"`

	// Hosts to fetch documents of clients from, beside those of the well-known clients, and no
	// others. Default: every public host, or with --egress-proxy none. * allows every host; with
	// --egress-proxy it then rests with the proxy what can be reached.
	ClientDocumentHosts []string `name:"client-document-hosts" placeholder:"HOST" only:"auth=oauth"`

	// Proxy through which documents and keys of clients are fetched, such as
	// http://proxy.example:3128; env for that of HTTPS_PROXY and NO_PROXY. Only the hosts of
	// well-known clients and of --client-document-hosts are asked for. Default: none, and only
	// public addresses are reached.
	EgressProxy Secret `name:"egress-proxy" placeholder:"URL" only:"auth=oauth"`

	// How long an access token of the gateway lives, 10m to 24h. Clients ask for the next one up
	// to 5 minutes before its end. Revoking a login ends its access tokens at once; a client
	// without refresh tokens signs in again after this time.
	//
	// At least twice the time before their end at which known clients ask for the next one, and
	// less than revoked grants are remembered.
	AccessTokenLife time.Duration `name:"access-token-life" default:"1h" placeholder:"DURATION" min:"10m" max:"24h" only:"auth=oauth"`

	// For how long a refresh token that was replaced still gives the current one, at most half of
	// --access-token-life. Processes of one client share a login and refresh at different moments.
	// A token that comes later than that ends the login, since somebody may have a copy.
	RefreshGrace time.Duration `name:"refresh-grace" default:"10m" placeholder:"DURATION" min:"1s" only:"auth=oauth"`

	// Make the access token of a client that names no resource good at /mcp and narrower endpoints
	// only. By default it is good at every endpoint of this gateway, with the scopes that the
	// person allowed.
	LimitResource bool `name:"limit-resource" only:"auth=oauth"`

	// Secret for client registrations, if different from --secret, in the same form. A
	// registration never expires: keep a secret here for as long as clients that it registered are
	// to be known, also when it leaves --secret. Default: the secrets.
	RegistrationSecrets []Secret `name:"registration-secret" placeholder:"SECRET"`

	// The authorization server's issuer identifier, to the letter as in its tokens. Several are
	// possible; clients are sent to the first one. For all tenants of Entra ID:
	// https://login.microsoftonline.com/organizations/v2.0, or https://sts.windows.net/{tenantid}/
	// for its v1 tokens; a token's issuer must then be that of its own tid.
	TokenIssuers []string `name:"token-issuer" placeholder:"URL" need:"" only:"auth=external" group:"Tokens of --auth external"`

	// JWKS URL of the issuer; with several issuers one for each, in the same order. Default: found
	// by the issuers' metadata.
	TokenJWKSURLs []string `name:"token-jwks-url" placeholder:"URL" only:"auth=external"`

	// Audiences that are good besides the endpoint's own URL, for servers that put a fixed one
	// into tokens, such as api://default.
	TokenAudiences []string `name:"token-audience" placeholder:"AUDIENCE" only:"auth=external"`

	// The only clients whose tokens are good, by their ids at the authorization server. A client
	// on the list also makes a token good that has no audience, as those of Amazon Cognito, if
	// that says token_use: access. Default: every client, and no token without an audience.
	TokenClients []string `name:"token-clients" placeholder:"ID" only:"auth=external"`

	// Signature algorithms to accept, such as RS256, ES256 or Ed25519. Default: every asymmetric
	// one.
	TokenAlgorithms []string `name:"token-algorithms" placeholder:"ALG" only:"auth=external"`

	// The claim that names the person or service, by its name or its path.
	TokenSubjectClaim string `name:"token-subject-claim" default:"sub" placeholder:"CLAIM" only:"auth=external"`

	// The claims that list what was granted, as text, as a list or as an object of roles; by name,
	// or by path such as realm_access.roles. Of several, such as scp,roles, the first one that a
	// token has counts, and the others do not add to it.
	TokenScopeClaims []string `name:"token-scope-claim" default:"scope,scp" placeholder:"CLAIM" only:"auth=external"`

	// What their scopes or roles grant here, separated by semicolons, such as
	// clerk.read=messages:read. Default: they are called as ours are.
	TokenScopeMap []string `name:"token-scope-map" sep:";" placeholder:"THEIRS=OURS[,OURS]" only:"auth=external"`

	// Accept only tokens whose header says that they are access tokens (typ at+jwt).
	TokenRequireType bool `name:"token-require-type" only:"auth=external"`

	// Base URL of the Clerk Chat REST API.
	ClerkURL string `name:"clerk-url" env:"CLERK_API_URL" default:"https://web-api.clerk.chat" placeholder:"URL" need:"" group:"Clerk Chat"`

	// API key of the workspace, for --clerk-credential api-key.
	ClerkAPIKey Secret `name:"clerk-api-key" placeholder:"KEY" need:"a key is made in the Clerk Chat dashboard" only:"clerk-credential=api-key"`

	// What the gateway shows to the REST API. api-key: one key for the whole workspace. linked
	// (with --auth oauth): each person's own key, which they enter when they sign in. login (with
	// --auth oauth): the access token that the provider gave at sign-in, renewed as needed.
	// exchange (with --auth oauth or external): a token for the API that the provider gives for
	// that one, or for the client's own.
	ClerkCredential string `name:"clerk-credential" default:"api-key" enum:"api-key,linked,login,exchange"`

	// Deadline over one call of the REST API, attempts and waits included.
	ClerkTimeout time.Duration `name:"clerk-timeout" default:"30s" placeholder:"DURATION" min:"1s"`

	// Deadline over one tool call that sends or creates something: waiting for an identical call
	// in progress, requests, and looking for a message whose answer was lost. A request under way
	// is finished beyond it. Keep it below the time-out of the clients, which often is a minute.
	CallBudget time.Duration `name:"call-budget" default:"55s" placeholder:"DURATION" min:"1s"`

	// How many contacts of create_contacts_batch go into one request. Changing it makes repeated
	// calls fail that were begun with another size.
	//
	// The most keeps parts so small that one whose outcome is not known can be sorted out by hand.
	BatchSize int `name:"batch-size" default:"100" placeholder:"N" min:"1" max:"1000"`

	// How long to look for a message whose answer was lost before the call says that it is not
	// seen so far.
	SettleTime time.Duration `name:"settle-time" default:"5s" placeholder:"DURATION" min:"1ms" group:"Sending once"`

	// What becomes of a call that creates something and has no idempotency_key while Redis does
	// not answer. send: it is made, and not recognized if it comes again; each replica then holds
	// --limit-calls and --limit-messages by what it has seen itself. Calls with a key are refused
	// in any case.
	OnStoreOutage string `name:"on-store-outage" default:"refuse" enum:"send,refuse"`

	// What becomes of a call with an idempotency_key in the day after Redis lost its data, when
	// nobody knows whether the key was used before.
	OnStoreLoss string `name:"on-store-loss" default:"refuse" enum:"send,refuse"`

	// When a message whose answer was lost is not seen and the call is repeated with its
	// idempotency_key, send it again. This breaks the promise: what stalled may still go out.
	ResendAbsent bool `name:"resend-absent"`

	// Audience of the REST API at the provider, for the parameter audience of RFC 8693. This or
	// --exchange-resource is required.
	ExchangeAudience string `name:"exchange-audience" placeholder:"AUDIENCE" only:"clerk-credential=exchange" group:"Tokens of --clerk-credential exchange"`

	// The REST API's URL, for the parameter resource.
	ExchangeResource string `name:"exchange-resource" placeholder:"URL" only:"clerk-credential=exchange"`

	// Scopes to ask for, separated by spaces. Default: what the provider gives without being
	// asked.
	ExchangeScope string `name:"exchange-scope" placeholder:"SCOPES" only:"clerk-credential=exchange"`

	// The token endpoint that exchanges. Default: found by the metadata of --oidc-issuer or
	// --token-issuer.
	ExchangeTokenURL string `name:"exchange-token-url" placeholder:"URL" only:"clerk-credential=exchange"`

	// OAuth client ID of the gateway at the provider for token exchange. Required with --auth
	// external. Default with --auth oauth: --oidc-client-id and its secret.
	ExchangeClientID string `name:"exchange-client-id" placeholder:"ID" only:"clerk-credential=exchange"`

	// The secret of --exchange-client-id.
	ExchangeClientSecret Secret `name:"exchange-client-secret" placeholder:"SECRET" only:"clerk-credential=exchange"`

	// The only tools that there are, on every endpoint: toolsets (messages, contacts, campaigns)
	// and names of tools. Default: all of them.
	Tools []string `name:"tools" placeholder:"NAME" group:"Tools"`

	// Offer only tools that change nothing and send nothing, on every endpoint.
	ReadOnly bool `name:"read-only"`

	// How many requests of MCP clients this process works on at once. More wait a few seconds for
	// their turn, callers being served in turn, and are then answered 503 with Retry-After. 0: 64
	// for each processor core it may use (GOMAXPROCS).
	MaxInFlight int `name:"max-in-flight" default:"0" placeholder:"N" min:"0" group:"Limits"`

	// How many of these one caller may have: a person or service with one client, times the
	// client's weight in --oauth-clients; with --auth none an address, if --trusted-proxies tells
	// addresses apart, else all clients together. 0: half of --max-in-flight, or all of it where
	// all clients are one caller.
	MaxInFlightPerCaller int `name:"max-in-flight-per-caller" default:"0" placeholder:"N" min:"0"`

	// How many messages a JSON-RPC batch of the older protocol versions may have. A batch counts
	// as one request, of which 8 messages run at once.
	MaxBatch int `name:"max-batch" default:"50" placeholder:"N" min:"1"`

	// How many bytes the results of one request may have together, such as those of a batch. A
	// tool that only reads is answered with an error beyond that; what a call has done is always
	// told.
	//
	// The least has room for the largest page of messages, see endpoint.Options.MaxAnswer.
	MaxAnswer int64 `name:"max-answer" default:"2097152" placeholder:"BYTES" min:"1048576"`

	// How long a client may take to read the next 64 KiB of an answer. After that its connection
	// is closed. An answer or stream that is silent does not count.
	WriteTimeout time.Duration `name:"write-timeout" default:"10s" placeholder:"DURATION" min:"1s"`

	// How long a client may take to send the next byte of a body, and all of it, not counting a
	// second for each 32 KiB. After that it is answered 408, and nothing was done.
	BodyTimeout time.Duration `name:"body-timeout" default:"10s" placeholder:"DURATION" min:"1s"`

	// How many requests each caller may make of the Clerk Chat API in a minute, on all replicas
	// together. A tool call is one, but for a batch that is made in parts. 0: any number. With
	// --auth none all callers are one.
	LimitCalls int `name:"limit-calls" default:"0" placeholder:"N" min:"0"`

	// How many messages each caller may send in 24 hours, on all replicas together; each recipient
	// counts. 0: any number. A campaign counts as one, since nobody can tell here how many it is
	// for.
	LimitMessages int `name:"limit-messages" default:"0" placeholder:"N" min:"0"`

	// How many requests of each kind an address may make in a minute with --auth oauth; of IPv6
	// its /64 network. The kinds are registrations, authorizations, and requests to the token
	// endpoint that carry no code or token of the gateway; web pages of other origins have
	// allowances of their own. What carries one is counted by its login, of which 60 a minute are
	// allowed. An office behind one address, or a hosted client, signs many people in from there.
	// 0: any number. Behind a balancer set --trusted-proxies, or all clients are one address.
	LimitOAuth int `name:"limit-oauth" default:"600" placeholder:"N" min:"0"`

	// How many contacts one call of create_contacts_batch may have. A call with more is refused
	// before anything is created, and told to split them.
	//
	// One call can be answered for the most: its result names each of them.
	MaxContacts int `name:"max-contacts" default:"500" placeholder:"N" min:"1" max:"100000"`

	// How many recipients one call of send_message may have. A call with more is refused before
	// anything is sent. 0: any number. For everybody in a list there are campaigns.
	MaxRecipients int `name:"max-recipients" default:"10" placeholder:"N" min:"0"`

	// debug, info, warn or error. Logs go to standard error.
	LogLevel slog.Level `name:"log-level" default:"info" placeholder:"LEVEL" group:"Operating"`

	// text or json.
	LogFormat string `name:"log-format" default:"text" enum:"text,json"`

	// After SIGTERM: how long to go on accepting while /readyz already fails, so that a balancer
	// can look away.
	DrainDelay time.Duration `name:"drain-delay" default:"2s" placeholder:"DURATION" min:"0s"`

	// After the drain delay: how long requests under way may take to finish. Keep it above
	// --clerk-timeout.
	ShutdownTimeout time.Duration `name:"shutdown-timeout" default:"35s" placeholder:"DURATION" min:"1ms"`
}
