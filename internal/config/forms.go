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

// form says what is wrong with the values of a setting, of which there is at least one unless it is
// a list.
type form func(wrong say, values []string)

// forms are how values have to be written that are not just text, a choice or a number. What only
// the user of a setting can judge is left to it.
func (c *Config) forms() map[string]form {
	return map[string]form{
		setting.Listen: listenAddress, setting.AdminListen: listenAddress, setting.PublicURL: publicURL,
		setting.Secrets: secretList, setting.RegistrationSecrets: secretList,
		setting.AllowSignin: c.admits, setting.DenySignin: c.denies,
		setting.OIDCBackchannel: baseURL("http://keycloak:8080"), setting.OIDCParams: parameters,
		setting.ClientDocumentHosts: documentHosts,
		setting.TokenIssuers:        distinct, setting.TokenJWKSURLs: distinct, setting.TokenAudiences: distinct,
		setting.TokenClients: distinct, setting.TokenAlgorithms: distinct,
		setting.TokenSubjectClaim: claims, setting.TokenScopeClaims: claims, setting.TokenScopeMap: scopeMap,
		setting.ClerkURL: baseURL("https://web-api.clerk.chat"), setting.ClerkAPIKey: apiKey,
	}
}

func listenAddress(wrong say, values []string) {
	addr := values[0]
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		wrong("%q is not an address; write host:port, such as 127.0.0.1:8080 or :8080", addr)
		return
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		wrong("%q has no valid port; a number from 0 to 65535", addr)
	}
}

// basePath is what the path of the public URL may be: segments that every router and browser reads
// alike, none of them dots only.
var basePath = regexp.MustCompile(`^/?$|^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+/?$`)

func publicURL(wrong say, values []string) {
	u := webURL(wrong, values[0], "https://mcp.example.com")
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
func baseURL(example string) form {
	return func(wrong say, values []string) {
		if u := webURL(wrong, values[0], example); u != nil && u.RawQuery+u.Fragment != "" {
			wrong("must have no query and no fragment")
		}
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

func secretList(wrong say, secrets []string) {
	for i, s := range secrets {
		if n := len(s); n < MinSecretLength {
			wrong("secret %d has %d characters; at least %d are needed, and gateway secret makes one", i+1, n, MinSecretLength)
		} else if slices.Contains(secrets[:i], s) {
			wrong("secret %d is the same as an earlier one; leave it out", i+1)
		}
	}
}

func apiKey(wrong say, key []string) {
	if strings.ContainsFunc(key[0], func(r rune) bool { return r <= ' ' || r > '~' }) {
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
