package upstream

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// reading is what the store said of a grant, taken apart and judged once for as long as it says the
// same.
type reading struct {
	digest [sha256.Size]byte
	state  *state
	// denied says which rule shuts the person out, unfit why none admits them; nil if that is not
	// so. Both are an [ErrNotAllowed].
	denied, unfit error
}

// read takes data apart, or finds that this was done before.
func (l *Login) read(grant string, data []byte) (*reading, error) {
	digest := sha256.Sum256(data)
	if r, known := l.known.Get(grant); known && r.digest == digest {
		return r, nil
	}
	s, err := decodeState(data)
	if err != nil {
		return nil, err
	}
	r := &reading{digest: digest, state: s}
	if err := l.provider.opts.Deny.Deny(s.Claims); err != nil {
		r.denied = notAllowed{err}
	} else if s.Asserted {
		r.denied = l.shutOut(s)
	}
	if err := l.provider.opts.Allow(s.Claims); err != nil {
		r.unfit = notAllowed{err}
	}
	l.known.Add(grant, r)
	return r, nil
}

// keep remembers a state that this process made.
func (l *Login) keep(grant string, data []byte) {
	if _, err := l.read(grant, data); err != nil { // it was encoded here
		l.known.Remove(grant)
	}
}

// fetch reads what is stored, or what is to be stored in its place. Its errors are errMissing,
// [ErrGrantOver] for what is somebody else's, [ErrUnavailable] and [ErrUnreadable].
func (l *Login) fetch(ctx context.Context, store Store, grant, subject string) (*reading, uint64, error) {
	kept := loadOnce(ctx, store, grant)
	r, err := l.interpret(kept, subject)
	return r, kept.version, err
}

func (l *Login) interpret(kept loaded, subject string) (*reading, error) {
	data := kept.data
	switch {
	case errors.Is(kept.err, grant.ErrUpstreamUnreadable):
		return nil, ErrUnreadable
	case kept.err != nil:
		return nil, fmt.Errorf("%w: the store does not answer", ErrUnavailable)
	case !kept.found:
		l.known.Remove(kept.grant)
		return nil, errMissing
	}
	if u := l.unsavedSince(kept.grant, kept.version); u != nil && u.state.Subject == subject {
		data = u.data
	}
	r, err := l.read(kept.grant, data)
	switch {
	case err != nil:
		return nil, err
	case r.state.Subject != subject:
		l.known.Remove(kept.grant)
		return nil, ErrGrantOver
	}
	return r, nil
}

// load is fetch for who needs an access token. Its errors are [ErrGrantOver] and [ErrUnavailable].
func (l *Login) load(ctx context.Context, grant, subject string) (*state, uint64, error) {
	if grant == "" {
		return nil, 0, ErrGrantOver
	}
	r, version, err := l.fetch(ctx, l.store, grant, subject)
	switch {
	case errors.Is(err, errMissing):
		return nil, 0, ErrGrantOver
	case err != nil:
		return nil, 0, err
	case r.state.Over || r.state.Access == "":
		l.known.Remove(grant)
		return nil, 0, ErrGrantOver
	}
	return r.state, version, nil
}

// look is what is found out once for a request.
type look struct {
	mu sync.Mutex
	// loaded is what Look found in the store, for whoever needs it next, once; nil when it was
	// taken.
	loaded *loaded
	// grant is whose request it is, and seen what is kept of it; nil if nothing is, or if nobody
	// can tell.
	grant Grant
	seen  *reading
	// asked and beside say that the provider was asked, or need not be: before writing, and beside
	// a read.
	asked, beside bool
}

type loaded struct {
	grant   string
	data    []byte
	version uint64
	found   bool
	err     error
}

// lookOf is what [Login.Look] found for the request under way, nil if it was not asked.
func lookOf(ctx context.Context) *look {
	r, _ := request.From(ctx).SignIn.(*look)
	return r
}

// apart is for what goes on beside a request and must not take what was read for it.
func apart(ctx context.Context) context.Context {
	own := *request.From(ctx)
	own.SignIn = nil
	return request.With(context.WithoutCancel(ctx), &own)
}

// loadOnce is loadFrom, or what Look has just been told.
func loadOnce(ctx context.Context, store Store, grant string) loaded {
	if r := lookOf(ctx); r != nil {
		r.mu.Lock()
		kept := r.loaded
		r.loaded = nil
		r.mu.Unlock()
		if kept != nil && kept.grant == grant {
			return *kept
		}
	}
	return loadFrom(ctx, store, grant)
}

func loadFrom(ctx context.Context, store Store, grant string) loaded {
	data, version, found, err := store.Load(ctx, grant)
	return loaded{grant, data, version, found, err}
}
