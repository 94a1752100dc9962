package token

import (
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// maxShown is how much of a value from elsewhere a log line gets.
const maxShown = 200

// plausible is an issuer as a log line may show it: whoever sends a token writes into it what they
// like.
func plausible(issuer string) string {
	switch {
	case issuer == "":
		return "none"
	case netx.CheckURL(issuer) != nil:
		return netx.ShownIssuer("")
	}
	return netx.ShownIssuer(issuer)
}

// shown lists values that the issuer signed, as a log line may show them.
func shown(values []string) string {
	const most = 3
	out := make([]string, 0, most)
	for _, v := range values {
		if len(out) == most {
			out = append(out, "others")
			break
		}
		if len(v) > maxShown || !plain(v) || v == "" {
			v = "something unreadable"
		}
		out = append(out, v)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// plain reports whether text is printable ASCII without quotes, backslashes and spaces.
func plain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}
