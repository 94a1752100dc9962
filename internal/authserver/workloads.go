package authserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

// Workloads are the programs that the operator lets in by the word of the platform that they run
// on, such as GitHub Actions or a Kubernetes cluster. Nil says that there are none.
type Workloads struct {
	issuers map[string]*workloadIssuer
}

// workloadIssuer is a platform, which signs tokens for what runs on it.
type workloadIssuer struct {
	id    string
	keys  GrantKeys
	rules []workloadRule
}

// workloadRule lets in what fits all of it.
type workloadRule struct {
	name               string
	subject, prefix    string
	repository         string
	claims             map[string]string
	scopes, claimNames []string
}

// GrantKeys verify the assertions of one issuer. [token.IssuerKeys] are some.
type GrantKeys interface {
	Verify(ctx context.Context, a *token.GrantAssertion) error
}

// WorkloadIssuer is what the list says of an issuer's keys: at most one of JWKSURL and JWKS is set,
// and without both they are found by its metadata.
type WorkloadIssuer struct {
	Issuer  string          `json:"issuer"`
	JWKSURL string          `json:"jwks_url"`
	JWKS    json.RawMessage `json:"jwks"`
	// CAFile has the certificates that the server of the keys is verified with, beside those of the
	// system.
	CAFile string `json:"ca_file"`
}

// WorkloadOptions say what [ParseWorkloads] goes by. All are required.
type WorkloadOptions struct {
	// Keys makes what verifies the assertions of an issuer.
	Keys func(WorkloadIssuer) (GrantKeys, error)
	// Scopes are all there are.
	Scopes []string
	// People are issuers of people, by which setting each is known: none of them may vouch for a
	// workload.
	People map[string]string
}

const (
	separators   = ":/"
	wholeCluster = "system:serviceaccount:"
)

// ParseWorkloads reads a list of workloads. It reports all that is wrong at once:
//
//	{
//	  "issuers": [{
//	    "issuer": "https://token.actions.githubusercontent.com", // to the letter as in its tokens
//	    "jwks_url": "https://…",                     // where its keys are; default: found by its metadata
//	    "jwks": {"keys": […]},                       // or the keys themselves, for an issuer that cannot be reached
//	    "ca_file": "/etc/…/ca.crt",                  // certificates for reaching it, beside those of the system
//	    "rules": [{                                  // the first that fits counts
//	      "name": "Nightly report",                  // shown to operators
//	      "sub": "repo:acme/app:environment:production",
//	      "sub_prefix": "repo:acme/app:",            // or its beginning, up to a separator: ":" or "/"
//	      "repository_id": "123456",                 // or, with or without those, a repository by its number
//	      "claims": {"ref": "refs/heads/main"},      // what else is demanded, to the letter
//	      "scopes": ["messages:read"]
//	    }]
//	  }]
//	}
//
// A rule must say which workload is meant, by sub, sub_prefix or repository_id: all else is chosen
// by whoever writes a workflow.
func ParseWorkloads(data []byte, opts WorkloadOptions) (*Workloads, error) {
	type rule struct {
		Name       string            `json:"name"`
		Subject    string            `json:"sub"`
		Prefix     string            `json:"sub_prefix"`
		Repository string            `json:"repository_id"`
		Claims     map[string]string `json:"claims"`
		Scopes     []string          `json:"scopes"`
	}
	var file struct {
		Issuers []struct {
			WorkloadIssuer

			Rules []rule `json:"rules"`
		} `json:"issuers"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, errors.New("the list of workloads must be a JSON object with issuers; each of them may have issuer, jwks_url, jwks, ca_file " +
			"and rules, and each rule name, sub, sub_prefix, repository_id, claims and scopes; values of rules and claims are text")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected data after the JSON object of the list of workloads")
	}
	w := &Workloads{issuers: map[string]*workloadIssuer{}}
	var problems []error
	if len(file.Issuers) == 0 {
		problems = append(problems, errors.New("the list of workloads has no issuers"))
	}
	for i, f := range file.Issuers {
		problem := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("issuer %d (%q): %w", i+1, f.Issuer, fmt.Errorf(format, args...)))
		}
		for _, people := range slices.Sorted(maps.Keys(opts.People)) {
			if token.IssuersOverlap(f.Issuer, people) {
				problem("it is that of %s; whoever issues tokens for people cannot vouch for workloads", opts.People[people])
			}
		}
		for known := range w.issuers {
			if token.SameIssuer(f.Issuer, known) {
				problem("it is there twice")
			}
		}
		issuer := &workloadIssuer{id: f.Issuer}
		var err error
		if issuer.keys, err = opts.Keys(f.WorkloadIssuer); err != nil {
			problem("%w", err)
		}
		if len(f.Rules) == 0 {
			problem("it has no rules, so it lets nothing in; give at least one")
		}
		for n, r := range f.Rules {
			rule := workloadRule{
				name: sanitize.Line(r.Name, maxName), subject: r.Subject, prefix: r.Prefix, repository: r.Repository, claims: r.Claims, scopes: r.Scopes,
				claimNames: slices.Sorted(maps.Keys(r.Claims)),
			}
			if rule.name == "" {
				rule.name = sanitize.Line(r.Subject+r.Prefix+r.Repository, maxName)
			}
			for _, text := range rule.problems(opts.Scopes) {
				problem("rule %d (%q): %s", n+1, rule.name, text)
			}
			issuer.rules = append(issuer.rules, rule)
		}
		w.issuers[f.Issuer] = issuer
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return w, nil
}

// problems are what is wrong with a rule.
func (r *workloadRule) problems(scopes []string) (texts []string) {
	add := func(format string, args ...any) { texts = append(texts, fmt.Sprintf(format, args...)) }
	if r.subject == "" && r.prefix == "" && r.repository == "" {
		add("give sub, sub_prefix or repository_id: without one of them every workload of the issuer would be let in")
	}
	if r.subject != "" && r.prefix != "" {
		add("there are sub and sub_prefix; give one of them")
	}
	if strings.Contains(r.subject+r.prefix+r.repository, "*") {
		add("a rule has no wildcards; for all that begin alike give sub_prefix, which ends at a separator (: or /)")
	}
	if r.prefix != "" {
		switch last := r.prefix[len(r.prefix)-1:]; {
		case !strings.Contains(separators, last):
			add("sub_prefix %q must end at a separator (: or /): without it, %q would fit too", r.prefix, r.prefix+"-other")
		case r.prefix == wholeCluster, len(strings.FieldsFunc(r.prefix, isSeparator)) < 2:
			add("sub_prefix %q fits what anybody at the issuer runs; say whose, such as repo:acme/app: or system:serviceaccount:prod:", r.prefix)
		}
	}
	for _, name := range r.claimNames {
		switch {
		case r.claims[name] == "":
			add("claims: %q has no value", name)
		case slices.Contains([]string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "repository_id"}, name):
			add("claims: %q is not for this place; a workload is named by sub, sub_prefix and repository_id, and all else is always checked", name)
		}
	}
	if len(r.scopes) == 0 {
		add("give its scopes: one or more of %s", strings.Join(scopes, ", "))
	}
	for _, scope := range r.scopes {
		if !slices.Contains(scopes, scope) {
			add("scope %q is not one of %s", scope, strings.Join(scopes, ", "))
		}
	}
	return texts
}

func isSeparator(r rune) bool { return strings.ContainsRune(separators, r) }

// rule gives the first rule that an assertion fits, of which all is known to be true by then.
func (i *workloadIssuer) rule(a *token.GrantAssertion) (*workloadRule, bool) {
	for n := range i.rules {
		if i.rules[n].fits(a) {
			return &i.rules[n], true
		}
	}
	return nil, false
}

func (r *workloadRule) fits(a *token.GrantAssertion) bool {
	if r.subject != "" && a.Subject != r.subject || !strings.HasPrefix(a.Subject, r.prefix) {
		return false
	}
	if r.repository != "" && !says(a, "repository_id", r.repository) {
		return false
	}
	for name, value := range r.claims {
		if !says(a, name, value) {
			return false
		}
	}
	return true
}

func says(a *token.GrantAssertion, claim, value string) bool {
	got, ok := a.Claim(claim)
	return ok && got == value
}

// client is what a workload is that has no client_id: the platform, by whose word it comes.
func (i *workloadIssuer) client() *client {
	host := i.id
	if u, err := url.Parse(i.id); err == nil && u.Host != "" {
		host = u.Host
	}
	return &client{id: "workload:" + host, name: sanitize.Line(host, maxName), origin: preregistered}
}
