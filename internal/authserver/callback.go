package authserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// redeemTime is the longest that redeeming the provider's answer takes. The claim of whoever
// redeems it lives longer (grant.ClaimLife), so that nobody does it at the same time.
const redeemTime = 20 * time.Second

var (
	errFinished   = fail(invalidRequest, "this sign-in has expired or was finished before; start again from your app").because(web.ReasonFinished)
	errNotPending = fail(invalidRequest, "this sign-in has expired, was finished before, or was started in another browser or under "+
		"another address, or this browser keeps no cookies of this site; start again from your app").because(web.ReasonNotPending)
	errBeingFinished = &Error{
		kind: temporarilyUnavailable, retryAfter: retryLater, description: "this sign-in is being finished; nothing is lost, try again shortly",
	}
)

// callback is where the provider sends the browser back to. The state must be one of ours, not used
// before, and come from the browser that approved: whoever starts a sign-in and lets somebody else
// finish it gets nothing (RFC 9700 §4.7).
//
// What may fail stands in this order, so that a store that fails loses nothing it need not, and
// nothing is given twice: the handle is claimed, the answer redeemed at the provider, the handle
// spent, and only then is anything given. Before the answer is redeemed the page can be loaded
// again; after it the person starts again.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p, e := single(q, "state")
	if e != nil {
		s.errorPage(w, e)
		return
	}
	handle := p["state"]
	x, ok := s.pending(r, handle)
	b, known := s.browserOf(r)
	// A browser may have lost the cookie of its session: then its person is asked again. Who comes
	// for their key is not asked, so somebody else's request must not be taken for theirs.
	if !ok || known && !sameText(x.Browser, mark(b.ID)) || !known && x.ClientID == "" {
		s.errorPage(w, errNotPending)
		return
	}
	claim, err := s.opts.AuthRequests.Claim(r.Context(), handle)
	if err != nil {
		s.failClaim(w, r, err)
		return
	}
	person, err := s.redeem(r.Context(), q, x.Keep)
	s.dropPending(w, handle)
	if errors.Is(err, ErrBeginAgain) {
		if err = s.beginAgain(w, r, b, x); err == nil {
			return
		}
	}
	if err != nil {
		s.giveUp(w, r, "sign-in", x, asError(err), s.byRedirect)
		return
	}
	if err := claim.Spend(r.Context()); err != nil {
		if errors.Is(err, grant.ErrNoAuthRequest) { // somebody else took it when this took too long
			s.errorPage(w, errFinished)
			return
		}
		s.giveUp(w, r, "authorization request", x, asError(err), s.byRedirect)
		return
	}
	x.Person = person
	another := x.Known != "" && !sameText(x.Known, mark(person.Subject)) || !known || b.Subject != "" && b.Subject != person.Subject
	if another && x.ClientID != "" { // whoever comes for their key has approved nothing that could be another's
		if err := s.askPerson(w, r, b, x); err != nil {
			s.giveUp(w, r, "consent", x, asError(err), s.byRedirect)
		}
		return
	}
	s.conclude(w, r, b, x, s.byRedirect)
}

// redeem finds out at the provider who signed in.
func (s *Server) redeem(ctx context.Context, answer url.Values, keep []byte) (*grant.Person, error) {
	ctx, cancel := context.WithTimeout(ctx, redeemTime)
	defer cancel()
	person, err := s.opts.SignIn.Finish(ctx, answer, keep)
	if err == nil && (person.Subject == "" || len(person.Subject) > identity.MaxSubject) {
		err = errors.New("the provider gave a subject that is empty or longer than 255 bytes")
	}
	if err != nil {
		return nil, err
	}
	return &person, nil
}

// failAuthRequest answers where a stored request is not there, or nobody can tell.
func (s *Server) failAuthRequest(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, grant.ErrNoAuthRequest) {
		s.errorPage(w, errFinished)
		return
	}
	s.failPage(w, r, "authorization request", err)
}

// failClaim answers where the provider's answer was not redeemed: the page can be loaded again, but
// if it is spent.
func (s *Server) failClaim(w http.ResponseWriter, r *http.Request, err error) {
	var e *Error
	switch {
	case errors.Is(err, grant.ErrNoAuthRequest):
		s.errorPage(w, errFinished)
		return
	case errors.Is(err, grant.ErrClaimed):
		e = errBeingFinished
	default:
		e = asError(err)
		s.report(r, "authorization request", e)
	}
	s.showError(w, e, errorView{Reload: true})
}
