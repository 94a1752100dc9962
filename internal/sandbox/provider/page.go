package provider

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// pageName is the name of the sign-in page (login page) in package pages.
const pageName = "sandbox-signin"

// page is what the sign-in page shows: a choice, or a problem.
type page struct {
	Problem  string
	Client   string
	Host     string // where the browser goes afterwards
	Receives string
	People   []choice
	Deny     string
}

// choice is a person to click on.
type choice struct {
	Name, Email, Team, Initials, URL string
	Suggested                        bool
}

// ask shows the people. They are links and not a form, because browsers hold a form to the page's
// own origin on the whole way, and this way ends at the client (CSP Level 3 §6.4.1).
func (p *Provider) ask(w http.ResponseWriter, a authorization) {
	receives := "who you are and your team"
	if extra := slices.DeleteFunc([]string{"profile", "email"}, func(s string) bool {
		return !slices.Contains(a.scope, s)
	}); len(extra) > 0 {
		receives = "your team, your " + strings.NewReplacer("profile", "name", "email", "email address").
			Replace(strings.Join(extra, " and your "))
	}
	if slices.Contains(a.scope, "offline_access") {
		receives += ", and stays signed in for you"
	}
	view := page{Client: a.client.name, Receives: receives, Deny: Prefix + "/authorize/deny?" + a.again()}
	if u, err := url.Parse(a.redirect); err == nil {
		view.Host = u.Host
	}
	hinted, _ := find(a.hint)
	for _, who := range people() {
		var initials string
		for word := range strings.FieldsSeq(who.name) {
			initials += word[:1]
		}
		view.People = append(view.People, choice{
			Name: who.name, Email: who.email, Team: who.team, Initials: initials, Suggested: who.id == hinted.id,
			URL: Prefix + "/authorize/" + who.id + "?" + a.again(),
		})
	}
	p.options.Pages.Render(w, http.StatusOK, pageName, view)
}

// explain shows what is wrong to whoever is in front of the browser.
func (p *Provider) explain(w http.ResponseWriter, problem string) {
	problem = strings.ToUpper(problem[:1]) + problem[1:] + "."
	p.options.Pages.Render(w, http.StatusBadRequest, pageName, page{Problem: problem})
}
