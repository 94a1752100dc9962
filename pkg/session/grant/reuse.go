package grant

import (
	"context"
	"time"
)

// Reuse detection: a refresh token that was replaced comes again.

// ReuseError says that a refresh token came again after its grace period, so that somebody holds a
// copy (RFC 9700 §4.14.2). It matches [ErrReplayed] once the grant is revoked, and
// [session.ErrUnavailable] while it is not known whether it is. Of several who find the same reuse
// at the same time, one gets it: the one who ended the grant.
type ReuseError struct {
	Grant Grant
	// Since is how long ago the family was rotated last, to the second.
	Since time.Duration
	// Revoked says that the grant has ended.
	Revoked bool

	cause error
}

func (e *ReuseError) Error() string { return "grant: refresh token reused: " + e.cause.Error() }

func (e *ReuseError) Unwrap() error { return e.cause }

// endReused revokes a family of which an old token came again.
func (g *Grants) endReused(ctx context.Context, s *stored, since time.Duration) error {
	ended, err := g.revoke(ctx, s.Grant.ID)
	switch {
	case err != nil:
		return &ReuseError{Grant: s.Grant, Since: since, cause: err}
	case ended:
		return &ReuseError{Grant: s.Grant, Since: since, Revoked: true, cause: ErrReplayed}
	}
	return ErrReplayed // somebody else was faster, and tells of it
}
