package grant

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

const upstreamFormat = 1

// ErrUpstreamUnreadable says that the provider's part of a grant is there and does not open: it was
// sealed with a secret that this process does not have, or by a later release. It is an
// ErrUnavailable, since it may open elsewhere or later, and nobody loses a grant for it.
var ErrUpstreamUnreadable = errors.New("the provider's part of the grant cannot be opened")

// ProviderStates keep what belongs to the provider behind grants, such as its tokens: opaque bytes,
// sealed, with a version that grows with every change. They may be used by many goroutines at once.
type ProviderStates struct {
	records session.Records
	sealer  session.Sealer
	life    time.Duration
}

func providerStateAAD(id string) []byte { return []byte("upstream\x00" + id) }

func (u *ProviderStates) encode(id string, version uint64, data []byte) []byte {
	plain := append(binary.BigEndian.AppendUint64([]byte{upstreamFormat}, version), data...)
	return u.sealer.Seal(plain, providerStateAAD(id))
}

func (u *ProviderStates) decode(id string, raw []byte) (data []byte, version uint64, ok bool) {
	plain, err := u.sealer.Open(raw, providerStateAAD(id))
	if err != nil || len(plain) < 9 || plain[0] != upstreamFormat {
		return nil, 0, false
	}
	return plain[9:], binary.BigEndian.Uint64(plain[1:]), true
}

// Load gives what is kept for a grant, and its version. The only error is ErrUnavailable, which may
// be ErrUpstreamUnreadable too: what is there and does not open is not missing.
func (u *ProviderStates) Load(ctx context.Context, grant string) (data []byte, version uint64, found bool, err error) {
	raw, found, err := u.records.Get(ctx, grant)
	if err != nil {
		return nil, 0, false, unavailable(err)
	}
	if !found || len(raw) == 0 { // nothing, or what forget leaves for a moment
		return nil, 0, false, nil
	}
	data, version, ok := u.decode(grant, raw)
	if !ok {
		return nil, 0, false, fmt.Errorf("%w: %w", session.ErrUnavailable, ErrUpstreamUnreadable)
	}
	return data, version, true, nil
}

// Save replaces what is kept for a grant if its version still is the one given, which becomes the
// next one. It tells whether it did: otherwise somebody else saved, or the grant ended. The only
// error is ErrUnavailable.
func (u *ProviderStates) Save(ctx context.Context, grant string, version uint64, data []byte) (saved bool, err error) {
	for range maxRaces { // the same version may be sealed again meanwhile, see keep
		raw, found, err := u.records.Get(ctx, grant)
		if err != nil {
			return false, unavailable(err)
		}
		if _, now, ok := u.decode(grant, raw); !found || !ok || now != version {
			return false, nil
		}
		saved, err = u.records.CompareAndSwap(ctx, grant, raw, u.encode(grant, version+1, data), u.life)
		if err != nil {
			return false, unavailable(err)
		}
		if saved {
			return true, nil
		}
	}
	return false, unavailable(errors.New("the provider's part changes all the time"))
}

// Lease makes the caller the only one who changes a grant's upstream part, until release or for
// ttl. held is false while somebody else has it. The only error is ErrUnavailable.
func (u *ProviderStates) Lease(ctx context.Context, grant string, ttl time.Duration) (release func(context.Context), held bool, err error) {
	name, holder := grant+"-lease", []byte(rand.Text())
	held, err = u.records.SetNX(ctx, name, holder, ttl)
	if err != nil {
		return nil, false, unavailable(err)
	}
	if !held {
		return nil, false, nil
	}
	return func(ctx context.Context) {
		// A lease that cannot be given back ends by itself.
		_, _ = u.records.CompareAndSwap(ctx, name, holder, holder, time.Millisecond)
	}, true, nil
}

// Pause notes for all replicas, for a while, that the provider has just been asked about a grant in
// vain. The only error is ErrUnavailable.
func (u *ProviderStates) Pause(ctx context.Context, grant string, d time.Duration) error {
	if _, err := u.records.SetNX(ctx, pauseName(grant), []byte{1}, d); err != nil {
		return unavailable(err)
	}
	return nil
}

// Paused tells whether there is such a note. The only error is ErrUnavailable.
func (u *ProviderStates) Paused(ctx context.Context, grant string) (bool, error) {
	_, found, err := u.records.Get(ctx, pauseName(grant))
	if err != nil {
		return false, unavailable(err)
	}
	return found, nil
}

func pauseName(grant string) string { return grant + "-pause" }

func (u *ProviderStates) begin(ctx context.Context, grant string, data []byte, ttl time.Duration) error {
	if _, err := u.records.SetNX(ctx, grant, u.encode(grant, 1, data), ttl); err != nil {
		return unavailable(err)
	}
	return nil
}

// keep lets what is there live for ttl from now on, sealed with the first secret, so that it does
// not outlive the one that it was sealed with. What does not open stays as it is. If it changes
// meanwhile, whoever changed it did the same.
func (u *ProviderStates) keep(ctx context.Context, grant string, ttl time.Duration) error {
	raw, found, err := u.records.Get(ctx, grant)
	if err == nil && found {
		value := raw
		if data, version, ok := u.decode(grant, raw); ok {
			value = u.encode(grant, version, data)
		}
		_, err = u.records.CompareAndSwap(ctx, grant, raw, value, ttl)
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// forget empties what is there at once and lets the rest disappear: what cannot be opened is not
// there.
func (u *ProviderStates) forget(ctx context.Context, grant string) error {
	raw, found, err := u.records.Get(ctx, grant)
	if err == nil && found {
		_, err = u.records.CompareAndSwap(ctx, grant, raw, nil, time.Millisecond)
	}
	return err
}
