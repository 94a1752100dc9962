package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// originPattern is one of --allowed-origins: scheme://host[:port] in lower case. The host may be
// "*" or begin with "*.", which stands for one or more names, and the port may be "*". The pattern
// "*" stands for every origin.
type originPattern struct {
	scheme, host, port string
	any                bool
}

// parseOrigin reads a pattern.
func parseOrigin(pattern string) (originPattern, error) {
	if pattern == "*" {
		return originPattern{any: true}, nil
	}
	wrong := fmt.Errorf("allowed origin %q: give scheme and host, such as https://app.example.com; wildcards are https://*.example.com, "+
		"http://localhost:* and vscode-webview://*", pattern)
	text, anyPort := strings.CutSuffix(strings.TrimSuffix(strings.ToLower(pattern), "/"), ":*")
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" ||
		u.Opaque != "" || anyPort && u.Port() != "" {
		return originPattern{}, wrong
	}
	p := originPattern{scheme: u.Scheme, host: u.Hostname(), port: u.Port()}
	if anyPort {
		p.port = "*"
	}
	if rest := strings.TrimPrefix(p.host, "*."); p.host != "*" && (strings.Contains(rest, "*") || rest == "") {
		return originPattern{}, wrong
	}
	return p, nil
}

// matches reports whether a page's origin, in lower case, is one of the pattern's.
func (p originPattern) matches(origin string) bool {
	if p.any {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != p.scheme || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if p.port != "*" && u.Port() != p.port {
		return false
	}
	name := u.Hostname()
	if suffix, ok := strings.CutPrefix(p.host, "*"); ok {
		return len(name) > len(suffix) && strings.HasSuffix(name, suffix)
	}
	return name == p.host
}

// open reports whether any stranger can put up a page with such an origin: the host is a wildcard
// as a whole, or below a top-level domain. Extensions and editors have schemes of their own, which
// no web page has.
func (p originPattern) open() bool {
	if p.any {
		return true
	}
	suffix, wild := strings.CutPrefix(p.host, "*")
	suffix = strings.Trim(suffix, ".")
	return wild && (p.scheme == "http" || p.scheme == "https") && suffix != "localhost" && !strings.Contains(suffix, ".")
}

// OpenOrigins are those of some allowed origins with which any web page may call the gateway.
func OpenOrigins(origins []string) []string {
	return slices.DeleteFunc(slices.Clone(origins), func(o string) bool {
		p, err := parseOrigin(o)
		return err != nil || !p.open()
	})
}

// maxRequestHeaders is the longest list of headers that a preflight is answered with.
const maxRequestHeaders = 4 << 10

// RequestHeaders are what a preflight is told that a page may send: whatever it asks for, since a
// header gives a page nothing that a program does not have, and libraries for tracing add theirs.
// usual are those for a page that does not ask, or whose question is malformed.
func RequestHeaders(asked, usual string) string {
	if asked == "" || len(asked) > maxRequestHeaders || strings.ContainsFunc(asked, func(r rune) bool {
		return r <= ' ' && r != ' ' || r >= 0x7f || strings.ContainsRune(`"(){}[]<>@:;\/?=`, r)
	}) {
		return usual
	}
	return asked
}
