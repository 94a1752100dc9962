package authserver

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// maxRedirect is the longest redirect in bytes: it is shown whole.
const maxRedirect = 2000

// knownSchemes are those without a dot that MCP clients have for themselves. Any other is refused:
// what else a browser or a system opens cannot be listed, and much of that goes to whatever address
// stands behind the colon.
var knownSchemes = []string{
	"claude", "cursor", "goose", "raycast", "vscode", "vscode-insiders", "vscodium", "warp", "windsurf", "zed",
}

// notAnApps are reverse domain names below which browsers and systems have schemes. The rule that
// holds is [checkAppRedirect]'s, that no address can stand in such a redirect; this is a second
// lock.
var notAnApps = []string{
	"com.android", "com.apple", "com.brave", "com.duckduckgo", "com.google.android", "com.google.chrome", "com.microsoft.edge",
	"com.microsoft.msedge", "com.microsoft.windows", "com.opera", "com.vivaldi", "company.thebrowser", "org.chromium", "org.mozilla",
}

var (
	// reverseDomain is a scheme made of a domain name (RFC 8252 §7.1): a top-level domain first,
	// and a dot.
	reverseDomain = regexp.MustCompile(`^[a-z]{2,}(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	schemePattern = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`) // RFC 3986 §3.1, in lower case

	uriPattern  = regexp.MustCompile(`^([A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*$`) // RFC 3986 §2, without a fragment
	hostPattern = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?\.?$`)

	// An app's redirect holds no colon, no escape and no "@", so no other address can stand in it.
	appAuthority = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	appHost      = regexp.MustCompile(`^[A-Za-z0-9._-]+$`) // of a known app, such as anysphere.cursor-mcp
	appRest      = regexp.MustCompile(`^(/?[A-Za-z0-9._~+,;=-]+)*/?(\?[A-Za-z0-9._~+,;=&-]*)?$`)
)

// checkRedirect says what is wrong with a redirect that a client wants (RFC 6749 §3.1.2, RFC 8252
// §7, RFC 9700 §2.1), "" for nothing. more are the schemes that the operator allows beside the
// known ones.
func checkRedirect(redirect string, more []string) string {
	if len(redirect) > maxRedirect {
		return "a redirect URI must have at most 2000 characters"
	}
	if strings.Contains(redirect, "#") {
		return "a redirect URI must not have a fragment"
	}
	u, err := url.Parse(redirect)
	switch {
	case err != nil || u.Scheme == "" || !uriPattern.MatchString(redirect):
		return "a redirect URI must be an absolute URI of ASCII characters"
	case u.User != nil:
		return "a redirect URI must not have a user name"
	case u.Scheme == "https" || u.Scheme == "http":
		return checkWebRedirect(u)
	}
	return checkAppRedirect(u.Scheme, redirect[len(u.Scheme)+1:], more)
}

func checkWebRedirect(u *url.URL) string {
	name := strings.ToLower(u.Hostname())
	port, err := strconv.Atoi(u.Port())
	switch {
	case name == "" || u.Opaque != "":
		return "a redirect URI must name a host"
	case u.Port() != "" && (err != nil || port > 65535):
		return "a redirect URI must have a port up to 65535, or none"
	case netx.IsUsualLoopback(name):
		return ""
	case u.Scheme == "http":
		return "a redirect URI over http must be on localhost, 127.0.0.1 or [::1]; use https"
	case netx.IsAddress(name):
		return "a redirect URI must name its host; an IP address is good on this machine only"
	case !hostPattern.MatchString(name):
		return "a redirect URI must name one host, of letters, digits, hyphens and dots; write other characters in Punycode, and leave wildcards out"
	}
	return ""
}

// checkAppRedirect is checkRedirect for a scheme of an app's own.
func checkAppRedirect(scheme, rest string, more []string) string {
	known := slices.Contains(knownSchemes, scheme) || slices.Contains(more, scheme)
	belowOf := func(name string) bool { return scheme == name || strings.HasPrefix(scheme, name+".") }
	if !known && (!reverseDomain.MatchString(scheme) || slices.ContainsFunc(notAnApps, belowOf)) {
		return "a redirect URI must be https, http on this machine, or of an app's own scheme; that is a domain name of its makers " +
			"backwards, such as com.example.app:/callback. The operator of this server can allow another scheme"
	}
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		authority := after
		if end := strings.IndexAny(after, "/?"); end >= 0 {
			authority = after[:end]
		}
		// A host of somebody's would be where a browser goes; RFC 8252 §7.1 has no authority at
		// all.
		if known && !appHost.MatchString(authority) || !known && !appAuthority.MatchString(authority) {
			return "a redirect URI of an app's own scheme must not name a host; write one slash, such as com.example.app:/callback"
		}
		rest = after[len(authority):]
	} else if rest == "" {
		return "a redirect URI of an app's own scheme must have a path, such as com.example.app:/callback"
	}
	if !appRest.MatchString(rest) {
		return "a redirect URI of an app's own scheme must have a plain path and query, without colons, escapes and empty segments"
	}
	return ""
}

// checkScheme says what is wrong with a scheme that the operator allows.
func checkScheme(scheme string) string {
	switch {
	case !schemePattern.MatchString(scheme):
		return "give a scheme in lower case, without a colon, such as acme"
	case scheme == "http" || scheme == "https":
		return "this scheme has rules of its own; list the redirect_uris of a client instead"
	case slices.Contains([]string{"about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source"}, scheme):
		return "browsers open this scheme themselves; give one of an app's own"
	}
	return ""
}

// isApps tells whether a redirect, checked before, has a scheme of an app's own.
func isApps(redirect string) bool {
	u, err := url.Parse(redirect)
	return err != nil || u.Scheme != "https" && u.Scheme != "http"
}

// withoutLoopbackPort gives a redirect on this machine without its port. What does not come back
// from parsing as it was is none: two readers could read it differently.
func withoutLoopbackPort(redirect string) (string, bool) {
	u, err := url.Parse(redirect)
	if err != nil || u.Scheme != "http" || u.User != nil || !netx.IsUsualLoopback(u.Hostname()) || u.String() != redirect {
		return "", false
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host
	return u.String(), true
}

// destination is where a redirect leads, for people.
type destination struct {
	Place  string
	Local  bool   // on this computer, and nowhere else
	Scheme string // of an app, "" for a page
}

func destinationOf(redirect string) destination {
	u, err := url.Parse(redirect)
	switch {
	case err != nil: // checked before
		return destination{Place: "an unknown place"}
	case isApps(redirect):
		return destination{Place: "the app that opens " + u.Scheme + ": links on this device", Scheme: u.Scheme}
	case u.Scheme == "http" || netx.IsLoopbackName(u.Hostname()):
		return destination{Place: "this computer (" + u.Host + ")", Local: true}
	}
	return destination{Place: u.Host}
}
