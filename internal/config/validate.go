package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Problems lists everything that keeps a gateway from running with these settings, in the order of the fields. Each
// entry names the flag and its variable and says what to set. Secrets are never quoted. What only the user of a setting
// can judge, such as the parameters of the Redis URL, is not looked at here.
func (c *Config) Problems() []string {
	var p problems
	c.network(&p)
	c.secrets(&p)
	c.callers(&p)
	c.clerk(&p)
	c.limits(&p)
	c.inFlight(&p)
	c.operating(&p)
	c.harm(&p)
	return p
}

// The life of access tokens: twice the time before their end at which known clients ask for the next one, and less than
// revoked grants are remembered.
const (
	minAccessTokenLife = 10 * time.Minute
	maxAccessTokenLife = 24 * time.Hour
)

// maxBatchSize keeps parts so small that the outcome of one that is not known can be sorted out by hand.
const maxBatchSize = 1000

// mostContacts is what one call can still be answered for: its result names each of them.
const mostContacts = 100_000

// minAnswer has room for the largest page of messages, see endpoint.Options.MaxAnswer.
const minAnswer = 1 << 20

type problems []string

// add notes a problem of a setting, which is given as "--flag (VARIABLE)".
func (p *problems) add(setting, format string, args ...any) {
	*p = append(*p, setting+": "+fmt.Sprintf(format, args...))
}

// basePath is what the path of the public URL may be: segments that every router and browser reads alike, none of them dots only.
var basePath = regexp.MustCompile(`^/?$|^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+/?$`)

func (c *Config) network(p *problems) {
	listenAddress(p, "--listen (GATEWAY_LISTEN)", c.Listen)
	if c.AdminListen != "" {
		listenAddress(p, "--admin-listen (GATEWAY_ADMIN_LISTEN)", c.AdminListen)
		if c.AdminListen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
			p.add("--admin-listen (GATEWAY_ADMIN_LISTEN)", "is the same address as --listen; give it a port of its own")
		}
	}
	if c.PublicURL != "" {
		u, ok := webURL(p, "--public-url (GATEWAY_PUBLIC_URL)", c.PublicURL, "https://mcp.example.com")
		switch {
		case ok && (u.RawQuery != "" || u.Fragment != ""):
			p.add("--public-url (GATEWAY_PUBLIC_URL)", "must have no query or fragment: set %s://%s%s", u.Scheme, u.Host, u.EscapedPath())
		case ok && strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/mcp"):
			p.add("--public-url (GATEWAY_PUBLIC_URL)", "must not have the path of an MCP endpoint, but what is before it: set %s://%s%s",
				u.Scheme, u.Host, strings.TrimSuffix(strings.TrimSuffix(u.EscapedPath(), "/"), "/mcp"))
		case ok && !basePath.MatchString(u.EscapedPath()):
			p.add("--public-url (GATEWAY_PUBLIC_URL)", "must have a path of letters, digits, hyphens, dots and underscores, such as "+
				"%s://%s/clerk-chat, or none", u.Scheme, u.Host)
		}
	}
	if c.MaxBody < 1024 {
		p.add("--max-body (GATEWAY_MAX_BODY)", "%d bytes are too few for a tool call; set at least 1024", c.MaxBody)
	}
}

func (c *Config) secrets(p *problems) {
	const setting = "--secret (GATEWAY_SECRET)"
	if len(c.Secrets) == 0 {
		p.add(setting, "is required; make one with: gateway secret")
	}
	secretList(p, setting, c.Secrets)
	secretList(p, "--registration-secret (GATEWAY_REGISTRATION_SECRET)", c.RegistrationSecrets)
	if c.SessionMaxAge < time.Minute {
		p.add("--session-max-age (GATEWAY_SESSION_MAX_AGE)", "%s is too short; set at least 1m", c.SessionMaxAge)
	}
	if c.SessionIdle < 2*time.Minute {
		p.add("--session-idle (GATEWAY_SESSION_IDLE)", "%s is too short; set at least 2m", c.SessionIdle)
	}
}

func secretList(p *problems, setting string, secrets []Secret) {
	for i, s := range secrets {
		if n := len(s.Reveal()); n < MinSecretLength {
			p.add(setting, "secret %d has %d characters; at least %d are needed, and gateway secret makes one", i+1, n, MinSecretLength)
		} else if slices.Contains(secrets[:i], s) {
			p.add(setting, "secret %d is the same as an earlier one; leave it out", i+1)
		}
	}
}

func (c *Config) callers(p *problems) {
	switch c.Auth {
	case "external":
		c.external(p)
		c.admission(p)
		return
	case "oauth":
		c.oauth(p)
		c.admission(p)
		c.recheck(p)
		return
	}
	if !c.InsecureNoAuth && !loopback(c.Listen) {
		p.add("--auth (GATEWAY_AUTH)",
			"none on %s would let everybody who reaches it send messages from the workspace; listen on a loopback address, "+
				"or say --insecure-no-auth (GATEWAY_INSECURE_NO_AUTH=true) if something in front of it keeps others out", c.Listen)
	}
	if len(c.AllowSignin) > 0 {
		p.add(allowSignin, "keeps nobody out with --auth none, where nobody signs in; set --auth oauth or external, or leave it out")
	}
	if len(c.DenySignin) > 0 {
		p.add(denySignin, "keeps nobody out with --auth none, where nobody signs in; set --auth oauth or external, or leave it out")
	}
}

// minRecheck keeps the provider from being asked with every call.
const minRecheck = time.Minute

// recheck is about asking the provider again whether people may come in.
func (c *Config) recheck(p *problems) {
	switch {
	case c.Recheck < minRecheck:
		p.add("--recheck (GATEWAY_RECHECK)", "%s is too short; set at least %s", c.Recheck, minRecheck)
	case c.GrantMaxAge <= c.Recheck:
		p.add("--grant-max-age (GATEWAY_GRANT_MAX_AGE)", "%s must be longer than --recheck, which is %s", c.GrantMaxAge, c.Recheck)
	}
}

// oauth is about signing in at a provider. What the provider's client can judge is left to it.
func (c *Config) oauth(p *problems) {
	if c.OIDCIssuer == "" {
		p.add("--oidc-issuer (OIDC_ISSUER)", "is required with --auth oauth")
	}
	if c.OIDCClientID == "" {
		p.add("--oidc-client-id (OIDC_CLIENT_ID)", "is required with --auth oauth")
	}
	if c.AccessTokenLife < minAccessTokenLife || c.AccessTokenLife > maxAccessTokenLife {
		p.add("--access-token-life (GATEWAY_ACCESS_TOKEN_LIFE)", "is %s; set 10m to 24h", c.AccessTokenLife)
	}
	if c.RefreshGrace < time.Second || c.RefreshGrace > c.AccessTokenLife/2 {
		p.add("--refresh-grace (GATEWAY_REFRESH_GRACE)", "is %s; set at least 1s, and at most half of --access-token-life", c.RefreshGrace)
	}
	c.documents(p)
	c.assertions(p)
	c.provider(p)
	known := map[string]bool{}
	for _, entry := range c.OIDCParams {
		name, _, ok := strings.Cut(entry, "=")
		switch {
		case !ok || name == "":
			p.add("--oidc-params (OIDC_PARAMS)", "%q is not a parameter; write name=value, such as access_type=offline", entry)
		case known[name]:
			p.add("--oidc-params (OIDC_PARAMS)", "%s is there twice; give it once", name)
		}
		known[name] = true
	}
	switch u := c.Public(); {
	case c.PublicURL == "" && !loopback(c.Listen):
		p.add("--public-url (GATEWAY_PUBLIC_URL)", "is required with --auth oauth on %s: it is the issuer of the gateway's tokens", c.Listen)
	case u != nil && u.Scheme == "http" && !loopback(net.JoinHostPort(u.Hostname(), "0")):
		p.add("--public-url (GATEWAY_PUBLIC_URL)", "must be https with --auth oauth; clients refuse to sign in over http")
	}
}

// ProviderParams are --oidc-params taken apart; nil if there are none.
func (c *Config) ProviderParams() map[string]string {
	if len(c.OIDCParams) == 0 {
		return nil
	}
	params := map[string]string{}
	for _, entry := range c.OIDCParams {
		name, value, _ := strings.Cut(entry, "=")
		params[name] = value
	}
	return params
}

func (c *Config) clerk(p *problems) {
	if u, ok := webURL(p, "--clerk-url (CLERK_API_URL)", c.ClerkURL, "https://web-api.clerk.chat"); ok && u.RawQuery+u.Fragment != "" {
		p.add("--clerk-url (CLERK_API_URL)", "must have no query and no fragment")
	}
	const setting = "--clerk-api-key (CLERK_API_KEY)"
	c.credential(p)
	switch key := c.ClerkAPIKey.Reveal(); {
	case c.ClerkCredential != "api-key":
	case key == "":
		p.add(setting, "is required with --clerk-credential api-key; a key is made in the Clerk Chat dashboard")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }):
		p.add(setting, "contains a space, a line break or another character that no key has; copy it again")
	}
	if c.ClerkTimeout < time.Second {
		p.add("--clerk-timeout (CLERK_TIMEOUT)", "%s is too short; set at least 1s", c.ClerkTimeout)
	}
	if c.CallBudget < time.Second {
		p.add("--call-budget (GATEWAY_CALL_BUDGET)", "%s is too short; set at least 1s", c.CallBudget)
	}
	if c.RedisTimeout < 0 || c.RedisTimeout >= c.CallBudget && c.CallBudget >= time.Second {
		p.add("--redis-timeout (GATEWAY_REDIS_TIMEOUT)", "is %s; it must not be negative and must be less than --call-budget", c.RedisTimeout)
	}
	if c.SettleTime <= 0 || c.SettleTime >= c.CallBudget && c.CallBudget >= time.Second {
		p.add("--settle-time (GATEWAY_SETTLE_TIME)", "is %s; it must be positive and less than --call-budget", c.SettleTime)
	}
	if c.BatchSize < 1 || c.BatchSize > maxBatchSize {
		p.add("--batch-size (GATEWAY_BATCH_SIZE)", "is %d; set 1 to %d", c.BatchSize, maxBatchSize)
	}
}

func (c *Config) limits(p *problems) {
	for _, l := range []struct {
		setting string
		value   int
	}{
		{"--limit-calls (GATEWAY_LIMIT_CALLS)", c.LimitCalls},
		{"--limit-messages (GATEWAY_LIMIT_MESSAGES)", c.LimitMessages},
		{"--limit-oauth (GATEWAY_LIMIT_OAUTH)", c.LimitOAuth},
	} {
		if l.value < 0 {
			p.add(l.setting, "must not be negative; 0 is not a limit")
		}
	}
	if c.MaxContacts < 1 || c.MaxContacts > mostContacts {
		p.add("--max-contacts (GATEWAY_MAX_CONTACTS)", "is %d; set 1 to %d", c.MaxContacts, mostContacts)
	}
	if c.MaxRecipients < 0 {
		p.add("--max-recipients (GATEWAY_MAX_RECIPIENTS)", "must not be negative; 0 is any number")
	}
}

// inFlight is about what is under way at once.
func (c *Config) inFlight(p *problems) {
	const perCaller = "--max-in-flight-per-caller (GATEWAY_MAX_IN_FLIGHT_PER_CALLER)"
	if c.MaxInFlight < 0 {
		p.add("--max-in-flight (GATEWAY_MAX_IN_FLIGHT)", "must not be negative; 0 goes by the number of cores")
	}
	switch {
	case c.MaxInFlightPerCaller < 0:
		p.add(perCaller, "must not be negative; 0 is half of --max-in-flight")
	case c.MaxInFlight > 0 && c.MaxInFlightPerCaller > c.MaxInFlight:
		p.add(perCaller, "is %d, more than the %d of --max-in-flight; set at most that", c.MaxInFlightPerCaller, c.MaxInFlight)
	}
	if c.MaxBatch < 1 {
		p.add("--max-batch (GATEWAY_MAX_BATCH)", "is %d; set at least 1", c.MaxBatch)
	}
	if c.MaxAnswer < minAnswer {
		p.add("--max-answer (GATEWAY_MAX_ANSWER)", "%d bytes are too few for a page of messages; set at least %d", c.MaxAnswer, minAnswer)
	}
	if c.WriteTimeout < time.Second {
		p.add("--write-timeout (GATEWAY_WRITE_TIMEOUT)", "%s is too short; set at least 1s", c.WriteTimeout)
	}
	if c.BodyTimeout < time.Second {
		p.add("--body-timeout (GATEWAY_BODY_TIMEOUT)", "%s is too short; set at least 1s", c.BodyTimeout)
	}
}

func (c *Config) operating(p *problems) {
	if c.DrainDelay < 0 {
		p.add("--drain-delay (GATEWAY_DRAIN_DELAY)", "must not be negative")
	}
	if c.ShutdownTimeout <= 0 {
		p.add("--shutdown-timeout (GATEWAY_SHUTDOWN_TIMEOUT)", "must be positive")
	}
}

func listenAddress(p *problems, setting, addr string) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		p.add(setting, "%q is not an address; write host:port, such as 127.0.0.1:8080 or :8080", addr)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		p.add(setting, "%q has no valid port; a number from 0 to 65535", addr)
	}
}

func webURL(p *problems, setting, value, example string) (*url.URL, bool) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		p.add(setting, "must be an absolute http or https URL, such as %s", example)
		return nil, false
	case u.User != nil:
		p.add(setting, "must not carry a user name or password")
		return nil, false
	}
	return u, true
}

// loopback reports whether nobody but this machine reaches a listen address.
func loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return true // reported already
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
