package authserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// ClientList is what the operator says about clients. The zero value says nothing.
type ClientList struct {
	known   map[string]*client
	weight  map[string]int
	deny    []string
	schemes []string // that redirects may have beside the known ones
}

const (
	// maxWeight keeps a slip of the finger from giving one client everything.
	maxWeight   = 1000
	maxListedID = 512 // bytes of a client_id
	// minListedSecret is the fewest characters of a secret, which whoever guesses can try
	// --limit-oauth times a minute.
	minListedSecret = 16
)

// ParseClients reads a list of clients. It reports all that is wrong at once, and no secret:
//
//	{
//	  "clients": [{
//	    "client_id": "warehouse-bot",
//	    "client_secret": "…",                    // left out for a public client, and for one with keys
//	    "jwks": {"keys": […]},                   // public keys of one that signs assertions instead (private_key_jwt)
//	    "token_endpoint_auth_method": "…",       // may be left out: it follows from the two above
//	    "client_name": "Warehouse bot",
//	    "redirect_uris": ["https://bot.example.com/callback"],
//	    "weight": 4                              // how many callers' share of the gateway it has, see [ClientList.Weight]
//	  }, {
//	    "client_id": "nightly-report",           // software that acts for itself, with no person
//	    "client_secrets": ["…", "…"],            // or one client_secret, or jwks; several while one is replaced
//	    "grant_types": ["client_credentials"],   // left out for a client that signs people in
//	    "scope": "messages:read messages:send"   // all that it may have; may be left out for a client that signs people in
//	  }],
//	  "denied": ["a client_id that must not be served any more", "https://bad.example/"],
//	  "schemes": ["acme"]
//	}
//
// A denied URL that ends in a slash denies every client whose metadata document is below it. A
// redirect of any client may have one of the schemes, which are those of apps; without a dot no
// other is taken but those of well-known clients.
func ParseClients(data []byte) (*ClientList, error) {
	var file struct {
		Clients []struct {
			ID        string   `json:"client_id"`
			Secret    string   `json:"client_secret"`
			Secrets   []string `json:"client_secrets"`
			Name      string   `json:"client_name"`
			Redirects []string `json:"redirect_uris"`
			Weight    *int     `json:"weight"`
			Method    string   `json:"token_endpoint_auth_method"`
			Grants    []string `json:"grant_types"`
			Scope     string   `json:"scope"`

			JWKS json.RawMessage `json:"jwks"`
		} `json:"clients"`
		Denied  []string `json:"denied"`
		Schemes []string `json:"schemes"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, errors.New("the list of clients must be a JSON object with clients, denied and schemes, and each client may have " +
			"client_id, client_secret or client_secrets, jwks, token_endpoint_auth_method, client_name, redirect_uris, grant_types, scope and weight, " +
			"which is a whole number")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected data after the JSON object")
	}
	l := &ClientList{known: map[string]*client{}, weight: map[string]int{}, schemes: file.Schemes}
	for _, id := range file.Denied {
		l.deny = append(l.deny, id)
		if ref := grant.ClientRef(id); ref != id { // how access tokens name a client that registered itself
			l.deny = append(l.deny, ref)
		}
	}
	var problems []error
	for _, scheme := range file.Schemes {
		if text := checkScheme(scheme); text != "" {
			problems = append(problems, fmt.Errorf("scheme %q: %s", scheme, text))
		}
	}
	for i, f := range file.Clients {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("client %d (%q): %w", i+1, f.ID, fmt.Errorf(format, args...)))
		}
		c := &client{id: f.ID, name: sanitize.Line(f.Name, maxName), origin: preregistered, redirects: f.Redirects}
		if c.name == "" {
			c.name = sanitize.Line(f.ID, maxName)
		}
		if text := listedSecrets(c, f.Secret, f.Secrets); text != "" {
			problem("%s", text)
		}
		if text := listedMethod(c, f.Method, keyMetadata{JWKS: f.JWKS}); text != "" {
			problem("%s", text)
		}
		if f.ID == "" || len(f.ID) > maxListedID {
			problem("give a client_id of at most %d bytes", maxListedID)
		} else if l.has(f.ID) {
			problem("the client_id is there twice")
		}
		if text := listedGrants(c, f.Grants, f.Scope); text != "" {
			problem("%s", text)
		}
		for _, r := range f.Redirects {
			if text := checkRedirect(r, file.Schemes); text != "" {
				problem("%q: %s", r, text)
			}
		}
		if f.Weight != nil {
			if *f.Weight < 1 || *f.Weight > maxWeight {
				problem("the weight is %d; give 1 to %d, or leave it out for 1", *f.Weight, maxWeight)
			}
			l.weight[grant.ClientRef(f.ID)] = *f.Weight
		}
		l.known[f.ID] = c
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return l, nil
}

// listedSecrets gives a client of the list its secrets, each of which is good: there are two while
// one replaces the other in a program that cannot be changed at the same moment as this list. It
// says what is wrong, and no secret.
func listedSecrets(c *client, one string, several []string) (problem string) {
	if one != "" && len(several) > 0 {
		return "there are a client_secret and client_secrets; give one of them"
	}
	if one != "" {
		several = []string{one}
	}
	if len(several) == 0 {
		return ""
	}
	c.secret = func(given string) bool {
		good := false
		for _, s := range several { // all of them, so that the time tells nothing
			good = sameText(given, s) || good
		}
		return good
	}
	for _, s := range several {
		if len(s) < minListedSecret {
			return fmt.Sprintf("the client_secret has %d characters; give at least %d random ones", len(s), minListedSecret)
		}
	}
	return ""
}

// listedMethod gives a client of the list its method, which is the one that it has the means for,
// or says what is wrong. The operator is told of every key that could not be used.
func listedMethod(c *client, method string, m keyMetadata) (problem string) {
	means := methodNone
	switch {
	case c.secret != nil && m.hasKeys():
		return "there are a client_secret and jwks; give one of them"
	case c.secret != nil:
		means = methodBasic
		if method == methodPost {
			means = methodPost
		}
	case m.hasKeys():
		means = methodKey
		if skipped, problem := m.setKeys(c); problem != "" || skipped > 0 {
			return fmt.Sprintf("the jwks has keys that cannot be used (%d); give a JWK set with %s, and nothing secret in it", skipped, textKeys)
		}
	}
	c.methods = []string{means}
	switch {
	case method == "", method == means:
		return ""
	case !slices.Contains(authMethods, method):
		return fmt.Sprintf("the token_endpoint_auth_method %q is not one of %s", method, strings.Join(authMethods, ", "))
	}
	return fmt.Sprintf("the token_endpoint_auth_method is %s, for which the entry must have %s", method, map[string]string{
		methodNone: "neither client_secret nor jwks", methodBasic: "a client_secret", methodPost: "a client_secret", methodKey: "jwks",
	}[method])
}

// HasSecrets tells whether a client of the list has a secret, which whoever reads the list then
// knows.
func (l *ClientList) HasSecrets() bool {
	for _, c := range l.known {
		if c.secret != nil {
			return true
		}
	}
	return false
}

func (l *ClientList) client(id string) (*client, bool) {
	c, ok := l.known[id]
	return c, ok
}

// Weight is how many callers' share of the gateway each person has with a client: 1 unless the list
// says more. A nil list says nothing.
func (l *ClientList) Weight(id string) int {
	if l == nil || l.weight[grant.ClientRef(id)] < 1 {
		return 1
	}
	return l.weight[grant.ClientRef(id)]
}

func (l *ClientList) has(id string) bool { _, ok := l.known[id]; return ok }

// denied compares by digest, since access tokens and records name a client by that if its id is
// long.
func (l *ClientList) denied(id string) bool {
	ref := grant.ClientRef(id)
	return slices.ContainsFunc(l.deny, func(d string) bool {
		return grant.ClientRef(d) == ref || isDocumentID(d) && strings.HasSuffix(d, "/") && strings.HasPrefix(id, d)
	})
}

// Denies reports whether the operator has denied a client. Nobody is denied by a nil list.
func (l *ClientList) Denies(id string) bool { return l != nil && l.denied(id) }
