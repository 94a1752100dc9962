package config

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// say notes what is wrong with the value of a setting, as [fmt.Sprintf] writes it.
type say func(format string, args ...any)

// forms are how values have to be written that are not just text, a choice or a number. That of a
// list is asked of an empty one too. What the user of a setting can judge is left to it.
func forms() map[string]func(*Config, say) {
	return map[string]func(*Config, say){
		setting.Listen:      func(c *Config, wrong say) { listenAddress(wrong, c.Listen) },
		setting.AdminListen: func(c *Config, wrong say) { listenAddress(wrong, c.AdminListen) },
		setting.PublicURL:   func(c *Config, wrong say) { publicURL(wrong, c.PublicURL) },
		setting.Secrets:     func(c *Config, wrong say) { secretList(wrong, c.Secrets) },
		setting.AllowSignin: (*Config).admits,
		setting.DenySignin:  (*Config).denies,

		setting.OIDCBackchannel:     func(c *Config, wrong say) { baseURL(wrong, c.OIDCBackchannel, "http://keycloak:8080") },
		setting.OIDCParams:          func(c *Config, wrong say) { parameters(wrong, c.OIDCParams) },
		setting.ClientDocumentHosts: func(c *Config, wrong say) { documentHosts(wrong, c.ClientDocumentHosts) },
		setting.RegistrationSecrets: func(c *Config, wrong say) { secretList(wrong, c.RegistrationSecrets) },

		setting.TokenIssuers:      func(c *Config, wrong say) { distinct(wrong, c.TokenIssuers) },
		setting.TokenJWKSURLs:     func(c *Config, wrong say) { distinct(wrong, c.TokenJWKSURLs) },
		setting.TokenAudiences:    func(c *Config, wrong say) { distinct(wrong, c.TokenAudiences) },
		setting.TokenClients:      func(c *Config, wrong say) { distinct(wrong, c.TokenClients) },
		setting.TokenAlgorithms:   func(c *Config, wrong say) { distinct(wrong, c.TokenAlgorithms) },
		setting.TokenSubjectClaim: func(c *Config, wrong say) { claims(wrong, c.TokenSubjectClaim) },
		setting.TokenScopeClaims:  func(c *Config, wrong say) { claims(wrong, c.TokenScopeClaims...) },
		setting.TokenScopeMap:     func(c *Config, wrong say) { scopeMap(wrong, c.TokenScopeMap) },

		setting.ClerkURL:    func(c *Config, wrong say) { baseURL(wrong, c.ClerkURL, "https://web-api.clerk.chat") },
		setting.ClerkAPIKey: func(c *Config, wrong say) { apiKey(wrong, c.ClerkAPIKey) },
	}
}

func listenAddress(wrong say, addr string) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		wrong("%q is not an address; write host:port, such as 127.0.0.1:8080 or :8080", addr)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		wrong("%q has no valid port; a number from 0 to 65535", addr)
	}
}

// basePath is what the path of the public URL may be: segments that every router and browser reads alike, none of them dots only.
var basePath = regexp.MustCompile(`^/?$|^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+/?$`)

func publicURL(wrong say, value string) {
	u := webURL(wrong, value, "https://mcp.example.com")
	if u == nil {
		return
	}
	path := u.EscapedPath()
	switch trimmed := strings.TrimSuffix(path, "/"); {
	case u.RawQuery != "" || u.Fragment != "":
		wrong("must have no query or fragment: set %s://%s%s", u.Scheme, u.Host, path)
	case strings.HasSuffix(trimmed, "/mcp"):
		wrong("must not have the path of an MCP endpoint, but what is before it: set %s://%s%s", u.Scheme, u.Host, strings.TrimSuffix(trimmed, "/mcp"))
	case !basePath.MatchString(path):
		wrong("must have a path of letters, digits, hyphens, dots and underscores, such as %s://%s/clerk-chat, or none", u.Scheme, u.Host)
	}
}

// baseURL is one that paths are put behind.
func baseURL(wrong say, value, example string) {
	if u := webURL(wrong, value, example); u != nil && u.RawQuery+u.Fragment != "" {
		wrong("must have no query and no fragment")
	}
}

func webURL(wrong say, value, example string) *url.URL {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		wrong("must be an absolute http or https URL, such as %s", example)
		return nil
	case u.User != nil:
		wrong("must not carry a user name or password")
		return nil
	}
	return u
}

func secretList(wrong say, secrets []Secret) {
	for i, s := range secrets {
		if n := len(s.Reveal()); n < MinSecretLength {
			wrong("secret %d has %d characters; at least %d are needed, and gateway secret makes one", i+1, n, MinSecretLength)
		} else if slices.Contains(secrets[:i], s) {
			wrong("secret %d is the same as an earlier one; leave it out", i+1)
		}
	}
}

func apiKey(wrong say, key Secret) {
	if strings.ContainsFunc(key.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		wrong("contains a space, a line break or another character that no key has; copy it again")
	}
}

func parameters(wrong say, entries []string) {
	known := map[string]bool{}
	for _, entry := range entries {
		name, _, ok := strings.Cut(entry, "=")
		switch {
		case !ok || name == "":
			wrong("%q is not a parameter; write name=value, such as access_type=offline", entry)
		case known[name]:
			wrong("%s is there twice; give it once", name)
		}
		known[name] = true
	}
}

// documentHosts are hosts, or * alone for every host.
func documentHosts(wrong say, hosts []string) {
	for _, h := range hosts {
		switch {
		case h == "*":
			if len(hosts) > 1 {
				wrong("* allows every host; leave it out, or the other hosts")
			}
		case strings.Contains(h, "*"):
			wrong("%q has a wildcard in it; list each host, or * alone for every host", h)
		case h == "" || strings.ContainsAny(h, "/:@?# ") || strings.HasSuffix(h, "."):
			wrong("%q is not a host; write its name alone, such as client.example.com", h)
		}
	}
}
