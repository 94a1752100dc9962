package config

import (
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// MinSecretLength is the least number of characters of a secret.
const MinSecretLength = 32

// Config is everything that can be set. Fields stand in the order in which help shows them.
type Config struct {
	Listen      string `name:"listen" env:"GATEWAY_LISTEN" default:"127.0.0.1:8080" placeholder:"ADDR" group:"Network" help:"Address for MCP clients and browsers. Port 0 takes any free one."`
	AdminListen string `name:"admin-listen" env:"GATEWAY_ADMIN_LISTEN" placeholder:"ADDR" group:"Network" help:"Address for /metrics, /livez and /readyz of operators. Without it there are no metrics; /livez and /readyz are always on the main address too."`
	PublicURL   string `name:"public-url" env:"GATEWAY_PUBLIC_URL" placeholder:"URL" group:"Network" help:"Scheme and host under which clients reach the gateway; behind a shared ingress also the path before all of its own, such as https://apps.example.com/clerk-chat. Default: http:// and the listen address."`

	AllowedHosts   []string `name:"allowed-hosts" env:"GATEWAY_ALLOWED_HOSTS" placeholder:"NAME" group:"Network" help:"Host names to answer for besides the public URL's, addresses and loopback names."`
	AllowedOrigins []string `name:"allowed-origins" env:"GATEWAY_ALLOWED_ORIGINS" placeholder:"ORIGIN" group:"Network" help:"Origins whose web pages may call the gateway from a browser, such as https://app.example.com, https://*.example.com, http://localhost:* or chrome-extension://ID. With a login also *, for any page."`
	MaxBody        int64    `name:"max-body" env:"GATEWAY_MAX_BODY" default:"4194304" placeholder:"BYTES" group:"Network" help:"Largest request body; a larger one is answered 413."`

	TrustedProxies []string `name:"trusted-proxies" env:"GATEWAY_TRUSTED_PROXIES" placeholder:"ADDRESS" group:"Network" help:"Addresses and networks of the proxies in front of the gateway, such as 10.0.0.0/8, whose X-Forwarded-For and X-Request-Id are taken. They must overwrite what clients send of these, or append to X-Forwarded-For, and keep X-Request-Id when they try a request again."`

	Secrets  []Secret `name:"secret" env:"GATEWAY_SECRET" sep:"," placeholder:"SECRET" group:"Secrets and state" help:"At least 32 random characters, the same on every replica; all keys derive from it. Several, separated by commas, rotate: the first one seals, every one opens."`
	RedisURL Secret   `name:"redis-url" env:"GATEWAY_REDIS_URL" placeholder:"URL" group:"Secrets and state" help:"Redis for what replicas share: redis://, rediss://, unix://; redis+sentinel:// and redis+cluster:// (rediss+… for TLS). Without it everything lives in this process and ends with it."`

	RedisTimeout time.Duration `name:"redis-timeout" env:"GATEWAY_REDIS_TIMEOUT" default:"2s" placeholder:"DURATION" group:"Secrets and state" help:"How long a call that sends or creates something may wait for Redis: for one answer, or for the end of a short outage such as a failover. What only reads waits half a second and goes on without Redis. Waiting for a turn behind other requests of the gateway does not count."`

	RequireSession bool          `name:"require-session" env:"GATEWAY_REQUIRE_SESSION" group:"Sessions" help:"Answer 400 to a request of the older protocol versions that carries no session id. By default it is served, since many clients lose the header."`
	SessionMaxAge  time.Duration `name:"session-max-age" env:"GATEWAY_SESSION_MAX_AGE" default:"720h" placeholder:"DURATION" group:"Sessions" help:"Longest life of a session; after it the client initializes again."`
	SessionIdle    time.Duration `name:"session-idle" env:"GATEWAY_SESSION_IDLE" default:"168h" placeholder:"DURATION" group:"Sessions" help:"How long Redis keeps the record of an unused session. The session itself lives on: its record is written again when it is next used."`

	Auth           string `name:"auth" env:"GATEWAY_AUTH" default:"${auth}" enum:"none,oauth,external" group:"Who may call" help:"How callers prove who they are. none: no login, all are one anonymous caller. oauth: people sign in through the browser at an OpenID Connect provider, and the gateway is the authorization server. external: access tokens of the organisation's own authorization server."`
	InsecureNoAuth bool   `name:"insecure-no-auth" env:"GATEWAY_INSECURE_NO_AUTH" group:"Who may call" help:"Allow --auth none on an address that other machines reach. Anyone who can reach the gateway can then send messages from the workspace."`

	AllowSignin  []string `name:"allow-signin" env:"GATEWAY_ALLOW_SIGNIN" sep:"none" placeholder:"CLAIM=VALUE" group:"Who may call" help:"Admit users whose token has any of these claims, separated by commas: hd=example.com, groups=support, tid=TENANT, email_domain=example.com (of a verified address). A claim inside of another is named by its path, such as realm_access.roles=texter; a list or an object of roles fits with one of its entries. Write a value that has commas in double quotes, such as groups=\"CN=Support,OU=Groups,DC=example,DC=com\" (in a shell with single quotes around all of it), or with a backslash before each comma. With several issuers each rule begins with its own: https://login.example.com groups=support. An issuer that tenants share ({tenantid}, common, organizations) needs a tid= rule for each tenant; other rules then choose among their people."`
	AllowAnyUser bool     `name:"allow-any-user" env:"GATEWAY_ALLOW_ANY_USER" group:"Who may call" help:"Let in everybody whom the authorization server gives a token."`

	DenySignin  []string      `name:"deny-signin" env:"GATEWAY_DENY_SIGNIN" sep:"none" placeholder:"CLAIM=VALUE" group:"Who may call" help:"Refuse users whose token has any of these claims, whatever --allow-signin says, in the same form: groups=left, email=ann@example.com, email_domain=example.com (of any address). Whoever is signed in already is out with the next call. A claim that the provider left out for its length, or that cannot be compared, shuts out too."`
	Recheck     time.Duration `name:"recheck" env:"GATEWAY_RECHECK" default:"15m" placeholder:"DURATION" group:"Who may call" help:"With --auth oauth: how old the provider's last yes about a person may be when a client refreshes its tokens, or sends or changes something. After that the provider is asked first whether they may still come in. At least 1m."`
	GrantMaxAge time.Duration `name:"grant-max-age" env:"GATEWAY_GRANT_MAX_AGE" default:"720h" placeholder:"DURATION" group:"Who may call" help:"With --auth oauth: how long a login goes on while the provider cannot say whether the person may still come in. After that they sign in again. Longer than --recheck."`

	OIDCIssuer       string   `name:"oidc-issuer" env:"OIDC_ISSUER" placeholder:"URL" group:"Sign-in of --auth oauth" help:"The provider's issuer identifier, to the letter as in its metadata. For people of many tenants of Entra ID: https://login.microsoftonline.com/organizations/v2.0, or common in that place."`
	OIDCClientID     string   `name:"oidc-client-id" env:"OIDC_CLIENT_ID" placeholder:"ID" group:"Sign-in of --auth oauth" help:"OAuth client ID of the gateway at the provider. Register the public URL with /oauth/callback behind it there."`
	OIDCClientSecret Secret   `name:"oidc-client-secret" env:"OIDC_CLIENT_SECRET" placeholder:"SECRET" group:"Sign-in of --auth oauth" help:"The gateway's secret at the provider. Without it the gateway is a public client there."`
	OIDCClientAuth   string   `name:"oidc-client-auth" env:"OIDC_CLIENT_AUTH" default:"auto" enum:"auto,client_secret_basic,client_secret_post,none" group:"Sign-in of --auth oauth" help:"How the gateway shows its secret at the provider's token endpoint: in a header (client_secret_basic), in the body (client_secret_post), or not at all (none, for a public client). auto: as the provider announces, and where it announces both, the other one too if it does not take the client by the first."`
	OIDCBackchannel  string   `name:"oidc-backchannel-url" env:"OIDC_BACKCHANNEL_URL" placeholder:"URL" group:"Sign-in of --auth oauth" help:"Where the gateway itself reaches the issuer, if that has another address from inside, such as http://keycloak:8080 in place of the issuer's host, or with a path in place of the issuer. Browsers go on to the issuer's own address, and the Host header stays the issuer's."`
	OIDCScopes       []string `name:"oidc-scopes" env:"OIDC_SCOPES" placeholder:"SCOPE" group:"Sign-in of --auth oauth" help:"What to ask the provider for beside openid. Default: profile,email. offline_access is added where the provider announces it, and left out again if it refuses it."`
	OIDCParams       []string `name:"oidc-params" env:"OIDC_PARAMS" placeholder:"NAME=VALUE" group:"Sign-in of --auth oauth" help:"Parameters that the provider wants when people are sent to sign in, such as access_type=offline,prompt=consent for a refresh token of Google's. What the protocol itself needs cannot be set."`

	OAuthClients string `name:"oauth-clients" env:"GATEWAY_OAUTH_CLIENTS" placeholder:"FILE" group:"Sign-in of --auth oauth" help:"JSON file of MCP clients that are registered beforehand, and of those that are denied."`

	WorkloadIssuers          string   `name:"workload-issuers" env:"GATEWAY_WORKLOAD_ISSUERS" placeholder:"FILE" group:"Sign-in of --auth oauth" help:"JSON file of the platforms whose workloads may come in without a person, such as GitHub Actions or a Kubernetes cluster, with a rule for each workload. See docs/agents-without-people.md."`
	IdentityAssertionIssuers []string `name:"identity-assertion-issuer" env:"GATEWAY_IDENTITY_ASSERTION_ISSUER" placeholder:"URL" group:"Sign-in of --auth oauth" help:"Issuers of identity assertions (enterprise-managed authorization): the company's identity provider vouches for its people towards MCP clients, and nobody sees a page of the gateway. May be --oidc-issuer; then a person is the same one in both. See docs/enterprise-managed.md."`

	ClientDocuments     string   `name:"client-documents" env:"GATEWAY_CLIENT_DOCUMENTS" default:"on" enum:"on,builtin,off" group:"Sign-in of --auth oauth" help:"MCP clients whose client_id is a URL, where a document describes them. on: the document is fetched, and well-known clients are known without it if that fails. builtin: nothing is fetched, and only the well-known clients are served: Claude, Claude Code, ChatGPT, Codex, VS Code, OpenCode, Zed and Factory. off: none is served, and clients are told to register instead."`
	ClientDocumentHosts []string `name:"client-document-hosts" env:"GATEWAY_CLIENT_DOCUMENT_HOSTS" placeholder:"HOST" group:"Sign-in of --auth oauth" help:"Hosts to fetch documents of clients from, beside those of the well-known clients, and no others. Default: every public host, or with --egress-proxy none. * allows every host; with --egress-proxy it then rests with the proxy what can be reached."`
	EgressProxy         Secret   `name:"egress-proxy" env:"GATEWAY_EGRESS_PROXY" placeholder:"URL" group:"Sign-in of --auth oauth" help:"Proxy through which documents and keys of clients are fetched, such as http://proxy.example:3128; env for that of HTTPS_PROXY and NO_PROXY. Only the hosts of well-known clients and of --client-document-hosts are asked for. Default: none, and only public addresses are reached."`

	AccessTokenLife time.Duration `name:"access-token-life" env:"GATEWAY_ACCESS_TOKEN_LIFE" default:"1h" placeholder:"DURATION" group:"Sign-in of --auth oauth" help:"How long an access token of the gateway lives, 10m to 24h. Clients ask for the next one up to 5 minutes before its end. Revoking a login ends its access tokens at once; a client without refresh tokens signs in again after this time."`
	RefreshGrace    time.Duration `name:"refresh-grace" env:"GATEWAY_REFRESH_GRACE" default:"10m" placeholder:"DURATION" group:"Sign-in of --auth oauth" help:"For how long a refresh token that was replaced still gives the current one, at most half of --access-token-life. Processes of one client share a login and refresh at different moments. A token that comes later than that ends the login, since somebody may have a copy."`

	LimitResource bool `name:"limit-resource" env:"GATEWAY_LIMIT_RESOURCE" group:"Sign-in of --auth oauth" help:"Make the access token of a client that names no resource good at /mcp and narrower endpoints only. By default it is good at every endpoint of this gateway, with the scopes that the person allowed."`

	RegistrationSecrets []Secret `name:"registration-secret" env:"GATEWAY_REGISTRATION_SECRET" sep:"," placeholder:"SECRET" group:"Sign-in of --auth oauth" help:"Secret for client registrations, if different from --secret, in the same form. A registration never expires: keep a secret here for as long as clients that it registered are to be known, also when it leaves --secret. Default: the secrets."`

	TokenIssuers      []string `name:"token-issuer" env:"GATEWAY_TOKEN_ISSUER" placeholder:"URL" group:"Tokens of --auth external" help:"The authorization server's issuer identifier, to the letter as in its tokens. Several are possible; clients are sent to the first one. For all tenants of Entra ID: https://login.microsoftonline.com/organizations/v2.0, or https://sts.windows.net/{tenantid}/ for its v1 tokens; a token's issuer must then be that of its own tid."`
	TokenJWKSURLs     []string `name:"token-jwks-url" env:"GATEWAY_TOKEN_JWKS_URL" placeholder:"URL" group:"Tokens of --auth external" help:"JWKS URL of the issuer; with several issuers one for each, in the same order. Default: found by the issuers' metadata."`
	TokenAudiences    []string `name:"token-audience" env:"GATEWAY_TOKEN_AUDIENCE" placeholder:"AUDIENCE" group:"Tokens of --auth external" help:"Audiences that are good besides the endpoint's own URL, for servers that put a fixed one into tokens, such as api://default."`
	TokenClients      []string `name:"token-clients" env:"GATEWAY_TOKEN_CLIENTS" placeholder:"ID" group:"Tokens of --auth external" help:"The only clients whose tokens are good, by their ids at the authorization server. A client on the list also makes a token good that has no audience, as those of Amazon Cognito, if that says token_use: access. Default: every client, and no token without an audience."`
	TokenAlgorithms   []string `name:"token-algorithms" env:"GATEWAY_TOKEN_ALGORITHMS" placeholder:"ALG" group:"Tokens of --auth external" help:"Signature algorithms to accept, such as RS256, ES256 or Ed25519. Default: every asymmetric one."`
	TokenSubjectClaim string   `name:"token-subject-claim" env:"GATEWAY_TOKEN_SUBJECT_CLAIM" default:"sub" placeholder:"CLAIM" group:"Tokens of --auth external" help:"The claim that names the person or service, by its name or its path."`
	TokenScopeClaims  []string `name:"token-scope-claim" env:"GATEWAY_TOKEN_SCOPE_CLAIM" default:"scope,scp" placeholder:"CLAIM" group:"Tokens of --auth external" help:"The claims that list what was granted, as text, as a list or as an object of roles; by name, or by path such as realm_access.roles. Of several, such as scp,roles, the first one that a token has counts, and the others do not add to it."`
	TokenScopeMap     []string `name:"token-scope-map" env:"GATEWAY_TOKEN_SCOPE_MAP" sep:";" placeholder:"THEIRS=OURS[,OURS]" group:"Tokens of --auth external" help:"What their scopes or roles grant here, separated by semicolons, such as clerk.read=messages:read. Default: they are called as ours are."`
	TokenRequireType  bool     `name:"token-require-type" env:"GATEWAY_TOKEN_REQUIRE_TYPE" group:"Tokens of --auth external" help:"Accept only tokens whose header says that they are access tokens (typ at+jwt)."`

	ClerkURL        string        `name:"clerk-url" env:"CLERK_API_URL" default:"${clerk_url}" placeholder:"URL" group:"Clerk Chat" help:"Base URL of the Clerk Chat REST API."`
	ClerkAPIKey     Secret        `name:"clerk-api-key" env:"CLERK_API_KEY" placeholder:"KEY" group:"Clerk Chat" help:"API key of the workspace, for --clerk-credential api-key."`
	ClerkCredential string        `name:"clerk-credential" env:"CLERK_CREDENTIAL" default:"api-key" enum:"api-key,linked,login,exchange" group:"Clerk Chat" help:"What the gateway shows to the REST API. api-key: one key for the whole workspace. linked (with --auth oauth): each person's own key, which they enter when they sign in. login (with --auth oauth): the access token that the provider gave at sign-in, renewed as needed. exchange (with --auth oauth or external): a token for the API that the provider gives for that one, or for the client's own."`
	ClerkTimeout    time.Duration `name:"clerk-timeout" env:"CLERK_TIMEOUT" default:"30s" placeholder:"DURATION" group:"Clerk Chat" help:"Deadline over one call of the REST API, attempts and waits included."`
	CallBudget      time.Duration `name:"call-budget" env:"GATEWAY_CALL_BUDGET" default:"55s" placeholder:"DURATION" group:"Clerk Chat" help:"Deadline over one tool call that sends or creates something: waiting for an identical call in progress, requests, and looking for a message whose answer was lost. A request under way is finished beyond it. Keep it below the time-out of the clients, which often is a minute."`
	BatchSize       int           `name:"batch-size" env:"GATEWAY_BATCH_SIZE" default:"100" placeholder:"N" group:"Clerk Chat" help:"How many contacts of create_contacts_batch go into one request. Changing it makes repeated calls fail that were begun with another size."`

	SettleTime    time.Duration `name:"settle-time" env:"GATEWAY_SETTLE_TIME" default:"5s" placeholder:"DURATION" group:"Sending once" help:"How long to look for a message whose answer was lost before the call says that it is not seen so far."`
	OnStoreOutage string        `name:"on-store-outage" env:"GATEWAY_ON_STORE_OUTAGE" default:"refuse" enum:"send,refuse" group:"Sending once" help:"What becomes of a call that creates something and has no idempotency_key while Redis does not answer. send: it is made, and not recognized if it comes again; each replica then holds --limit-calls and --limit-messages by what it has seen itself. Calls with a key are refused in any case."`
	OnStoreLoss   string        `name:"on-store-loss" env:"GATEWAY_ON_STORE_LOSS" default:"refuse" enum:"send,refuse" group:"Sending once" help:"What becomes of a call with an idempotency_key in the day after Redis lost its data, when nobody knows whether the key was used before."`
	ResendAbsent  bool          `name:"resend-absent" env:"GATEWAY_RESEND_ABSENT" group:"Sending once" help:"When a message whose answer was lost is not seen and the call is repeated with its idempotency_key, send it again. This breaks the promise: what stalled may still go out."`

	ExchangeAudience     string `name:"exchange-audience" env:"GATEWAY_EXCHANGE_AUDIENCE" placeholder:"AUDIENCE" group:"Tokens of --clerk-credential exchange" help:"Audience of the REST API at the provider, for the parameter audience of RFC 8693. This or --exchange-resource is required."`
	ExchangeResource     string `name:"exchange-resource" env:"GATEWAY_EXCHANGE_RESOURCE" placeholder:"URL" group:"Tokens of --clerk-credential exchange" help:"The REST API's URL, for the parameter resource."`
	ExchangeScope        string `name:"exchange-scope" env:"GATEWAY_EXCHANGE_SCOPE" placeholder:"SCOPES" group:"Tokens of --clerk-credential exchange" help:"Scopes to ask for, separated by spaces. Default: what the provider gives without being asked."`
	ExchangeTokenURL     string `name:"exchange-token-url" env:"GATEWAY_EXCHANGE_TOKEN_URL" placeholder:"URL" group:"Tokens of --clerk-credential exchange" help:"The token endpoint that exchanges. Default: found by the metadata of --oidc-issuer or --token-issuer."`
	ExchangeClientID     string `name:"exchange-client-id" env:"GATEWAY_EXCHANGE_CLIENT_ID" placeholder:"ID" group:"Tokens of --clerk-credential exchange" help:"OAuth client ID of the gateway at the provider for token exchange. Required with --auth external. Default with --auth oauth: --oidc-client-id and its secret."`
	ExchangeClientSecret Secret `name:"exchange-client-secret" env:"GATEWAY_EXCHANGE_CLIENT_SECRET" placeholder:"SECRET" group:"Tokens of --clerk-credential exchange" help:"The secret of --exchange-client-id."`

	Tools    []string `name:"tools" env:"GATEWAY_TOOLS" placeholder:"NAME" group:"Tools" help:"The only tools that there are, on every endpoint: toolsets (messages, contacts, campaigns) and names of tools. Default: all of them."`
	ReadOnly bool     `name:"read-only" env:"GATEWAY_READ_ONLY" group:"Tools" help:"Offer only tools that change nothing and send nothing, on every endpoint."`

	MaxInFlight          int `name:"max-in-flight" env:"GATEWAY_MAX_IN_FLIGHT" default:"0" placeholder:"N" group:"Limits" help:"How many requests of MCP clients this process works on at once. More wait a few seconds for their turn, callers being served in turn, and are then answered 503 with Retry-After. 0: 64 for each processor core it may use (GOMAXPROCS)."`
	MaxInFlightPerCaller int `name:"max-in-flight-per-caller" env:"GATEWAY_MAX_IN_FLIGHT_PER_CALLER" default:"0" placeholder:"N" group:"Limits" help:"How many of these one caller may have: a person or service with one client, times the client's weight in --oauth-clients; with --auth none an address, if --trusted-proxies tells addresses apart, else all clients together. 0: half of --max-in-flight, or all of it where all clients are one caller."`
	MaxBatch             int `name:"max-batch" env:"GATEWAY_MAX_BATCH" default:"50" placeholder:"N" group:"Limits" help:"How many messages a JSON-RPC batch of the older protocol versions may have. A batch counts as one request, of which 8 messages run at once."`

	MaxAnswer    int64         `name:"max-answer" env:"GATEWAY_MAX_ANSWER" default:"2097152" placeholder:"BYTES" group:"Limits" help:"How many bytes the results of one request may have together, such as those of a batch. A tool that only reads is answered with an error beyond that; what a call has done is always told."`
	WriteTimeout time.Duration `name:"write-timeout" env:"GATEWAY_WRITE_TIMEOUT" default:"10s" placeholder:"DURATION" group:"Limits" help:"How long a client may take to read the next 64 KiB of an answer. After that its connection is closed. An answer or stream that is silent does not count."`
	BodyTimeout  time.Duration `name:"body-timeout" env:"GATEWAY_BODY_TIMEOUT" default:"10s" placeholder:"DURATION" group:"Limits" help:"How long a client may take to send the next byte of a body, and all of it, not counting a second for each 32 KiB. After that it is answered 408, and nothing was done."`

	LimitCalls    int `name:"limit-calls" env:"GATEWAY_LIMIT_CALLS" default:"0" placeholder:"N" group:"Limits" help:"How many requests each caller may make of the Clerk Chat API in a minute, on all replicas together. A tool call is one, but for a batch that is made in parts. 0: any number. With --auth none all callers are one."`
	LimitMessages int `name:"limit-messages" env:"GATEWAY_LIMIT_MESSAGES" default:"0" placeholder:"N" group:"Limits" help:"How many messages each caller may send in 24 hours, on all replicas together; each recipient counts. 0: any number. A campaign counts as one, since nobody can tell here how many it is for."`
	LimitOAuth    int `name:"limit-oauth" env:"GATEWAY_LIMIT_OAUTH" default:"600" placeholder:"N" group:"Limits" help:"How many requests of each kind an address may make in a minute with --auth oauth; of IPv6 its /64 network. The kinds are registrations, authorizations, and requests to the token endpoint that carry no code or token of the gateway; web pages of other origins have allowances of their own. What carries one is counted by its login, of which 60 a minute are allowed. An office behind one address, or a hosted client, signs many people in from there. 0: any number. Behind a balancer set --trusted-proxies, or all clients are one address."`

	MaxContacts   int `name:"max-contacts" env:"GATEWAY_MAX_CONTACTS" default:"500" placeholder:"N" group:"Limits" help:"How many contacts one call of create_contacts_batch may have. A call with more is refused before anything is created, and told to split them."`
	MaxRecipients int `name:"max-recipients" env:"GATEWAY_MAX_RECIPIENTS" default:"10" placeholder:"N" group:"Limits" help:"How many recipients one call of send_message may have. A call with more is refused before anything is sent. 0: any number. For everybody in a list there are campaigns."`

	LogLevel        slog.Level    `name:"log-level" env:"GATEWAY_LOG_LEVEL" default:"info" placeholder:"LEVEL" group:"Operating" help:"debug, info, warn or error. Logs go to standard error."`
	LogFormat       string        `name:"log-format" env:"GATEWAY_LOG_FORMAT" default:"text" enum:"text,json" group:"Operating" help:"text or json."`
	DrainDelay      time.Duration `name:"drain-delay" env:"GATEWAY_DRAIN_DELAY" default:"2s" placeholder:"DURATION" group:"Operating" help:"After SIGTERM: how long to go on accepting while /readyz already fails, so that a balancer can look away."`
	ShutdownTimeout time.Duration `name:"shutdown-timeout" env:"GATEWAY_SHUTDOWN_TIMEOUT" default:"35s" placeholder:"DURATION" group:"Operating" help:"After the drain delay: how long requests under way may take to finish. Keep it above --clerk-timeout."`
}

// BasePath is the path of the public URL, without a slash at its end; "" for none. Everything but the probes is below it.
func (c *Config) BasePath() string {
	u := c.Public()
	if u == nil {
		return ""
	}
	return strings.TrimSuffix(u.EscapedPath(), "/")
}

// Public is the parsed public URL, nil if none is set.
func (c *Config) Public() *url.URL {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil
	}
	return u
}
