package authserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// A pending authorization request, from its approval to the provider's answer, is a cookie of the
// browser that approved. So consent pages cost the store nothing, and a store that is lost
// meanwhile loses nobody. The cookie is sealed around the request, bound to its own name, to the
// handle that the provider brings back as state, and to the browser's session.
const (
	pendingCookie = "gateway-signin-"
	// maxPendingCookie is the longest cookie, with its name.
	maxPendingCookie = 3500
	// maxPending is how many sign-ins a browser may have under way.
	maxPending = 5
	// maxKeep is room for what the sign-in keeps: its state, nonce and verifier.
	maxKeep = 256

	pendingFormat = 1
	handleDigest  = 16
	hasState      = 1 // the client sent a state, which may be empty
	firstMethod   = 1 // the flag of the first of authMethods is 1 << firstMethod
)

// pendingName is the name of the cookie of a handle.
func pendingName(handle string) string {
	sum := sha256.Sum256([]byte("cookie\x00" + handle))
	return pendingCookie + encoding.EncodeToString(sum[:6])
}

func pendingAAD(name string) []byte { return []byte("pending\x00" + name) }

func digestOfHandle(handle string) []byte {
	sum := sha256.Sum256([]byte("pending\x00" + handle))
	return sum[:handleDigest]
}

// encodePending is what the cookie is sealed around, in the order of [decodePending].
func encodePending(x *grant.AuthRequest, handle string, until time.Time) []byte {
	b := binary.AppendUvarint([]byte{pendingFormat}, uint64(max(until.Unix(), 0)))
	b = append(b, digestOfHandle(handle)...)
	var flags byte
	var allowed uint64
	state := ""
	if x.State != nil {
		flags, state = flags|hasState, *x.State
	}
	for i, method := range authMethods {
		if slices.Contains(x.AuthMethods, method) {
			flags |= 1 << (firstMethod + i)
		}
	}
	for i, scope := range x.Asked {
		if slices.Contains(x.Scopes, scope) {
			allowed |= 1 << i
		}
	}
	b = binary.AppendUvarint(append(b, flags), allowed)
	for _, text := range []string{
		x.ClientID, x.ClientName, x.RedirectURI, state, x.Challenge, x.Resource, strings.Join(x.Asked, " "), x.Browser, x.Known, string(x.Keep),
	} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

// decodePending reads what was sealed. A format of another version is not read: the person starts
// again.
func decodePending(b []byte) (x *grant.AuthRequest, handle []byte, until time.Time, ok bool) {
	if len(b) == 0 || b[0] != pendingFormat {
		return nil, nil, until, false
	}
	seconds, n := binary.Uvarint(b[1:]) // 0, which is long over, where it cannot be read
	if b = b[1+max(n, 0):]; seconds > 1<<40 || len(b) <= handleDigest {
		return nil, nil, until, false
	}
	handle, flags := b[:handleDigest], b[handleDigest]
	b = b[handleDigest+1:]
	allowed, n := binary.Uvarint(b)
	b = b[max(n, 0):] // where it cannot be read, no more can the first text
	x = &grant.AuthRequest{}
	var state, asked, keep string
	for _, into := range []*string{
		&x.ClientID, &x.ClientName, &x.RedirectURI, &state, &x.Challenge, &x.Resource, &asked, &x.Browser, &x.Known, &keep,
	} {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, nil, until, false
		}
		*into, b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	if flags&hasState != 0 {
		x.State = &state
	}
	for i, method := range authMethods {
		if flags&(1<<(firstMethod+i)) != 0 {
			x.AuthMethods = append(x.AuthMethods, method)
		}
	}
	x.Asked, x.Keep = strings.Fields(asked), []byte(keep)
	for i, scope := range x.Asked {
		if allowed&(1<<i) != 0 {
			x.Scopes = append(x.Scopes, scope)
		}
	}
	return x, handle, time.Unix(int64(seconds), 0), len(b) == 0
}

// sealPending gives the cookie of a request; an error if it is too long for one.
func (s *Server) sealPending(x *grant.AuthRequest, handle string) (name, value string, err error) {
	name = pendingName(handle)
	data := encodePending(x, handle, s.opts.Now().Add(s.opts.AuthRequests.Life()))
	value = encoding.EncodeToString(s.opts.Keys.Request.Seal(data, pendingAAD(name)))
	if len(s.cookies.name(name))+len("=")+len(value) > maxPendingCookie {
		return "", "", errors.New("the authorization request is too long for a cookie")
	}
	return name, value, nil
}

// fitsPending tells whether a request will fit into its cookie, before anybody is asked about it.
func (s *Server) fitsPending(x *grant.AuthRequest) bool {
	probe := *x
	probe.ClientID, probe.Browser, probe.Known = grant.ClientRef(x.ClientID), mark(""), mark("")
	probe.Keep = make([]byte, maxKeep)
	_, _, err := s.sealPending(&probe, newHandle())
	return err == nil
}

// newHandle is what nobody can guess: the state at the provider, or the name of a stored request.
func newHandle() string { return rand.Text() + rand.Text() }

// setPending gives the browser a request, and takes the oldest away if it has too many.
func (s *Server) setPending(w http.ResponseWriter, r *http.Request, x *grant.AuthRequest, handle string) error {
	name, value, err := s.sealPending(x, handle)
	if err != nil {
		return err
	}
	for _, old := range s.surplusPending(r) {
		s.cookies.set(w, old, "", 0)
	}
	s.cookies.set(w, name, value, s.opts.AuthRequests.Life())
	return nil
}

// surplusPending names the cookies that leave no room for one more, from the oldest on. What does
// not open is older than anything: it is of no use.
func (s *Server) surplusPending(r *http.Request) []string {
	ages := map[string]int64{}
	for _, c := range r.Cookies() {
		if name, ok := s.cookies.plain(c.Name); ok && strings.HasPrefix(name, pendingCookie) {
			if _, _, until, ok := s.decodeCookie(name, c.Value); ok {
				ages[name] = max(ages[name], until.Unix())
			} else {
				ages[name] = max(ages[name], 0)
			}
		}
	}
	names := make([]string, 0, len(ages))
	for name := range ages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if ages[a] != ages[b] {
			return int(max(-1, min(1, ages[a]-ages[b])))
		}
		return strings.Compare(a, b)
	})
	return names[:max(0, len(names)-maxPending+1)]
}

func (s *Server) decodeCookie(name, value string) (x *grant.AuthRequest, handle []byte, until time.Time, ok bool) {
	sealed, err := encoding.DecodeString(value)
	if err != nil {
		return nil, nil, until, false
	}
	data, err := s.opts.Keys.Request.Open(sealed, pendingAAD(name))
	if err != nil {
		return nil, nil, until, false
	}
	return decodePending(data)
}

// pending gives the request that the browser carries for a handle. The seal says until when,
// whatever the browser thinks.
func (s *Server) pending(r *http.Request, handle string) (*grant.AuthRequest, bool) {
	name := pendingName(handle)
	x, of, until, ok := s.decodeCookie(name, s.cookies.get(r, name))
	if !ok || !sameText(string(of), string(digestOfHandle(handle))) || !s.opts.Now().Before(until) {
		return nil, false
	}
	return x, true
}

// dropPending takes a request away from the browser.
func (s *Server) dropPending(w http.ResponseWriter, handle string) {
	s.cookies.set(w, pendingName(handle), "", 0)
}
