package landing

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"net/url"
	"strings"
)

// address is the endpoint's URL and what matters of it for connecting.
type address struct {
	url  string
	tls  bool
	name string // host without port, lower case
}

func addressOf(endpoint string) address {
	a := address{url: endpoint, tls: strings.HasPrefix(strings.ToLower(endpoint), "https://")}
	if u, err := url.Parse(endpoint); err == nil {
		a.name = strings.ToLower(u.Hostname())
	}
	return a
}

// private reports whether a service on the internet surely cannot call the URL: no TLS, this
// machine, or an address that is not routed. A name that only a company's own network knows cannot
// be told from here.
func (a address) private() bool {
	if !a.tls || a.name == "localhost" || strings.HasSuffix(a.name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(a.name)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// member and object are JSON in the order it is written down: people compare what they read with
// what they have.
type member struct {
	key   string
	value any
}

type object []member

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(m.key) + ":" + compact(m.value))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// compact is one line of JSON. Nothing here holds a value that JSON cannot express.
func compact(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "null"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// quoted is a string for JSON. It is good for TOML too, whose basic strings know all the escapes
// that JSON writes (TOML 1.0 "String").
func quoted(s string) string { return compact(s) }

func httpServer(a address) object { return object{{"type", "http"}, {"url", a.url}} }

// bridgeServer starts mcp-remote, which takes plain http for this machine only, by two of its
// names, unless told.
func bridgeServer(a address) object {
	args := []string{"-y", "mcp-remote", a.url}
	if !a.tls && a.name != "localhost" && a.name != "127.0.0.1" {
		args = append(args, "--allow-http")
	}
	return object{{"command", "npx"}, {"args", args}}
}

func servers(key string, server object) object {
	return object{{key, object{{ServerName, server}}}}
}

func jsonFile(where string, v any) *Snippet {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(compact(v)), "", "  "); err != nil {
		return nil
	}
	return &Snippet{Where: where, Language: "json", Code: b.String() + "\n"}
}

func shell(command string) *Snippet {
	return &Snippet{Where: "Terminal", Language: "sh", Code: command}
}

func plain(where, text string) *Snippet { return &Snippet{Where: where, Language: "text", Code: text} }

// shellWord is one word for a shell. What needs no quotes gets none, so that the usual URL reads as
// people know it and works in every shell; everything else is quoted for POSIX shells (XCU §2.2.2).
func shellWord(s string) string {
	safe := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_./:@%+,", r))
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
