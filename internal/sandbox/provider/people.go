package provider

import (
	"slices"
	"strings"
)

// Names of the teams, as in the claim team.
const (
	Acme   = "Acme"
	Globex = "Globex"
)

// person is somebody who can sign in.
type person struct {
	id      string // how URLs and controls name the person
	subject string // the claim sub
	name    string
	email   string
	team    string
	domain  string // the claim hd
	groups  []string
}

func people() []person {
	return []person{
		{"ann", "user-1", "Ann Archer", "ann@acme.example", Acme, "acme.example", []string{"acme", "acme-admins"}},
		{"ben", "user-2", "Ben Brooks", "ben@globex.example", Globex, "globex.example", []string{"globex"}},
	}
}

// People are the names of those who can sign in, each with the team.
func People() []string {
	var names []string
	for _, who := range people() {
		names = append(names, who.name+" ("+who.team+")")
	}
	return names
}

// find names a person by id or email address, in either case.
func find(hint string) (person, bool) {
	all := people()
	i := slices.IndexFunc(all, func(who person) bool {
		return strings.EqualFold(who.id, hint) || strings.EqualFold(who.email, hint)
	})
	if i < 0 {
		return person{}, false
	}
	return all[i], true
}

// claimsOf are the person's with what control changed. Its caller holds the lock.
func (p *Provider) claimsOf(who person, scope []string) map[string]any {
	c := who.claims(scope)
	for name, value := range p.state.claims[who.id] {
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
	}
	return c
}

// claims are what ID tokens and userinfo say of a person (OpenID Connect Core §5.4: name and email
// by their scopes).
func (who person) claims(scope []string) map[string]any {
	c := map[string]any{"sub": who.subject, "team": who.team, "groups": who.groups, "hd": who.domain}
	if slices.Contains(scope, "profile") {
		c["name"] = who.name
	}
	if slices.Contains(scope, "email") {
		c["email"], c["email_verified"] = who.email, true
	}
	return c
}
