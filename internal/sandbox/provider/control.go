package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ControlPath is where control is.
const ControlPath = "/_sandbox/oidc"

// maxControl is the most that a control request may have.
const maxControl = 64 << 10

// Control serves what tests and demonstrations steer the provider with.
func (p *Provider) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ControlPath, p.show)
	mux.HandleFunc("PUT "+ControlPath, p.change)
	mux.HandleFunc("PUT "+ControlPath+"/keys", p.rotateKeys)
	mux.HandleFunc("PUT "+ControlPath+"/revoke", p.revokePerson)
	mux.HandleFunc("PUT "+ControlPath+"/claims", p.changeClaims)
	return mux
}

// show answers the settings and how often each grant was redeemed.
func (p *Provider) show(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	set, counts := p.state.settings, maps.Clone(p.state.redeemed)
	p.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"settings": set, "redeemed": counts})
}

func (p *Provider) change(w http.ResponseWriter, r *http.Request) {
	var update json.RawMessage
	if !read(w, r, &update) {
		return
	}
	p.mu.Lock()
	next := p.state.settings
	next.RedirectURIs = nil // a decoder would write into the list that requests are reading
	err := strict(string(update), &next)
	if next.RedirectURIs == nil {
		next.RedirectURIs = p.state.settings.RedirectURIs
	}
	err = firstError(err, next.check)
	if err == nil {
		p.state.settings = next
	}
	p.mu.Unlock()
	if err != nil {
		refuseControl(w, err)
		return
	}
	p.show(w, r)
}

// firstError is the error, or else what the check finds.
func firstError(err error, check func() error) error {
	if err != nil {
		return err
	}
	return check()
}

// check says everything that is wrong with the settings.
func (s settings) check() error {
	const day, year = int(24 * time.Hour / time.Second), int(365 * 24 * time.Hour / time.Second)
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	require(s.AccessTokenSeconds >= 1 && s.AccessTokenSeconds <= day,
		"access_token_seconds is %d; it must be 1 to %d", s.AccessTokenSeconds, day)
	require(s.DownRequests >= 0, "down_requests is %d; it must be 0 or more", s.DownRequests)
	require(s.ClockSkewSeconds >= -year && s.ClockSkewSeconds <= year,
		"clock_skew_seconds is %d; it must be %d to %d", s.ClockSkewSeconds, -year, year)
	_, known := find(s.AutoApprove)
	require(known || s.AutoApprove == "", "auto_approve is %q; it must be ann, ben or empty", s.AutoApprove)
	require(slices.Contains([]offline{offlineGiven, offlineUnknown, offlineRefused}, s.OfflineAccess),
		"offline_access is %q; it must be %s, %s or %s", s.OfflineAccess, offlineGiven, offlineUnknown, offlineRefused)
	for _, u := range s.RedirectURIs {
		require(isResource(u), "redirect_uris has %q; each must be an absolute URL without a fragment", u)
	}
	return errors.Join(errs...)
}

func (p *Provider) rotateKeys(w http.ResponseWriter, r *http.Request) {
	in := struct {
		Alg     jose.SignatureAlgorithm `json:"alg"`
		KeepOld bool                    `json:"keep_old"`
	}{jose.RS256, true}
	if !read(w, r, &in) {
		return
	}
	if !slices.Contains(algorithms(), in.Alg) {
		refuseControl(w, fmt.Errorf("alg is %q; it must be RS256 or ES256", in.Alg))
		return
	}
	if err := p.rotate(in.Alg, in.KeepOld); err != nil {
		writeError(w, serverError())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// revokePerson ends everything a person has signed in to.
func (p *Provider) revokePerson(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Person string `json:"person"`
	}
	if !read(w, r, &in) {
		return
	}
	who, ok := find(in.Person)
	if !ok {
		refuseControl(w, fmt.Errorf("person is %q; it must be ann or ben", in.Person))
		return
	}
	p.mu.Lock()
	end := func(g *grant) { g.ended = g.ended || g.person.id == who.id }
	for _, c := range p.state.codes {
		end(c.grant)
	}
	for _, t := range p.state.refresh {
		end(t.grant)
	}
	for _, t := range p.state.access {
		end(t.grant)
	}
	p.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// changeClaims sets what tokens and userinfo say of a person from now on; null leaves a claim out,
// and no claims at all are what they were at the start.
func (p *Provider) changeClaims(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Person string         `json:"person"`
		Claims map[string]any `json:"claims"`
	}
	if !read(w, r, &in) {
		return
	}
	who, ok := find(in.Person)
	_, sub := in.Claims["sub"]
	switch {
	case !ok:
		refuseControl(w, fmt.Errorf("person is %q; it must be ann or ben", in.Person))
		return
	case sub:
		refuseControl(w, errors.New("sub cannot be changed: it is what tells people apart"))
		return
	}
	p.mu.Lock()
	p.state.claims[who.id] = in.Claims
	p.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// read takes in one JSON value, or answers why not.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControl))
	if err != nil {
		refuseControl(w, errors.New("the request body could not be read, or is too large"))
		return false
	}
	if err := strict(string(body), into); err != nil {
		refuseControl(w, err)
		return false
	}
	return true
}

// strict decodes one JSON value and knows every field.
func strict(body string, into any) error {
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("this is no such request: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the request; send one JSON object")
	}
	return nil
}

func refuseControl(w http.ResponseWriter, err error) {
	writeJSON(w, http.StatusBadRequest, map[string]any{"statusCode": http.StatusBadRequest, "message": err.Error()})
}
