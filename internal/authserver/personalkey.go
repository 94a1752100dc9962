package authserver

import (
	"errors"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// account begins a sign-in of somebody who wants to see, replace or remove their key. It is asked
// for each time: a browser that remembers a person is not a proof that the same person sits there.
func (s *Server) account(w http.ResponseWriter, r *http.Request) {
	b, known := s.browserOf(r)
	if !known {
		s.setBrowser(w, b)
	}
	location, err := s.beginSignIn(w, r, b, &grant.AuthRequest{})
	if err != nil {
		s.failPage(w, r, "sign-in", err)
		return
	}
	redirectTo(w, location)
}

// askKey stores how far the request is and shows the page.
func (s *Server) askKey(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest, link Link) error {
	x.Linking = true
	handle, err := s.store(w, r, b, x)
	if err != nil {
		return err
	}
	s.keyPage(w, http.StatusOK, s.keyView(b, x, handle, link))
	return nil
}

// keyView is what the page shows. It has no key, nor what was entered as one.
type keyView struct {
	Name, Client, Person, Email string
	Exists, Refused, Unreadable bool
	Hint, Since, ID             string
	Problem                     string
	Action, CSRF, Handle        string
	Done, Removed               bool
}

func (s *Server) keyView(b browser, x *grant.AuthRequest, handle string, link Link) keyView {
	v := keyView{
		Name: s.opts.Name, Client: x.ClientName, Person: x.Person.Name, Email: x.Person.Email,
		Exists: link.ID != "", Refused: link.Refused, Unreadable: link.Unreadable, Hint: link.Hint, ID: link.ID,
		Action: s.base + KeyPath, CSRF: s.csrf(b), Handle: handle,
	}
	if x.ClientID != "" && v.Client == "" {
		v.Client = unnamedApp
	}
	if v.Person == "" {
		v.Person = x.Person.Subject
	}
	if v.Exists && !v.Unreadable {
		v.Since = link.Since.UTC().Format(time.DateOnly)
	}
	return v
}

func (s *Server) keyPage(w http.ResponseWriter, status int, v keyView) {
	w.Header().Set("Referrer-Policy", "same-origin") // see askConsent
	s.opts.Pages.Render(w, status, "key", v)
}

// key takes the answer of the page. The request stays open until a key is kept or the person gives
// up, so that another one can be tried; and only the browser that signed in can go on with it.
func (s *Server) key(w http.ResponseWriter, r *http.Request) {
	b, ok := s.ownForm(w, r)
	if !ok {
		return
	}
	handle := r.PostForm.Get("handle")
	x, finish, err := s.opts.AuthRequests.Open(r.Context(), handle)
	if err != nil {
		s.failAuthRequest(w, r, err)
		return
	}
	if x.Person == nil || !x.Linking || !sameText(x.Browser, mark(b.ID)) {
		s.errorPage(w, errPageExpired)
		return
	}
	decision := r.PostForm.Get("decision")
	given := decision == "link"
	removes := decision == "remove" && x.ClientID == "" // a client waits for a key
	switch {
	case given:
		err = s.opts.Linker.Keep(r.Context(), x.Person.Subject, r.PostForm.Get("key"), r.PostForm.Get("replaces"))
	case removes:
		err = s.opts.Linker.Remove(r.Context(), x.Person.Subject, r.PostForm.Get("removes"))
	}
	if err != nil {
		s.keyRefused(w, r, b, x, handle, err)
		return
	}
	if err := finish(r.Context()); err != nil {
		s.failAuthRequest(w, r, err)
		return
	}
	switch {
	case x.ClientID == "":
		s.keyPage(w, http.StatusOK, keyView{Name: s.opts.Name, Done: true, Exists: given, Removed: removes})
	case given:
		s.complete(w, r, b, x, s.handBack)
	default:
		s.declined(w, x, fail(accessDenied, "the person gave no key"))
	}
}

// keyRefused shows the page again and says why.
func (s *Server) keyRefused(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest, handle string, err error) {
	status := http.StatusUnprocessableEntity
	var problem string
	switch {
	case errors.Is(err, ErrKeyMalformed):
		problem = "This is not a key. Copy the whole key, without spaces, and paste it here."
	case errors.Is(err, ErrKeyRefused):
		problem = s.opts.Name + " does not accept this key. Check that it is complete, not revoked, and allowed to read messages."
	case errors.Is(err, ErrKeyExists) && r.PostForm.Get("decision") == "remove":
		problem = "Nothing was removed. Tick the box to remove the key that is linked."
	case errors.Is(err, ErrKeyExists):
		problem = "Another key is linked already. Tick the box below to replace it."
	case errors.Is(err, ErrKeyUntested):
		status, problem = http.StatusServiceUnavailable, s.opts.Name+" could not be reached to test the key, so it was not kept. Try again in a moment."
	default:
		s.failPage(w, r, "key", err)
		return
	}
	link, err := s.opts.Linker.Find(r.Context(), x.Person.Subject)
	if err != nil {
		s.failPage(w, r, "key", err)
		return
	}
	v := s.keyView(b, x, handle, link)
	v.Problem = problem
	s.keyPage(w, status, v)
}
