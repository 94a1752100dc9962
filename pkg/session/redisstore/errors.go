package redisstore

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrUnavailable is matched by every error of a Store but those of opening it.
var ErrUnavailable = errors.New("redis unavailable")

// Kind is what is wrong with Redis, in one word that may be logged and counted.
type Kind string

// The kinds of failures.
const (
	Unreachable Kind = "unreachable" // refused, no route, no such host, connection lost
	Slow        Kind = "slow"        // no answer in time
	Queued      Kind = "queued"      // not asked, because the caller's own time ended before its turn came
	CircuitOpen Kind = "resting"     // not asked, because it failed a moment ago
	Loading     Kind = "loading"     // reads its data from disk after a start
	NoMaster    Kind = "no-master"   // failing over: CLUSTERDOWN, MASTERDOWN, TRYAGAIN
	ReadOnly    Kind = "read-only"   // a replica, or a master without enough replicas
	Full        Kind = "full"        // out of memory under noeviction
	DiskFailing Kind = "disk"        // cannot persist and refuses writes: MISCONF
	Denied      Kind = "denied"      // no or wrong password, or not allowed by its ACL
	Busy        Kind = "busy"        // too many clients, or a script that does not end
	Closed      Kind = "closed"      // this store was closed
	Refused     Kind = "refused"     // any other error that Redis answered
)

// Error is what Redis, or the way to it, failed with. Its text has the kind only; the cause, which
// may name addresses and keys, is for errors.As and debuggers.
type Error struct {
	Kind  Kind
	Cause error

	rest time.Duration // how long the server goes on resting
}

func (f *Error) Error() string { return "redis unavailable: " + string(f.Kind) }

// Is makes every one match ErrUnavailable.
func (f *Error) Is(target error) bool { return target == ErrUnavailable }

func (f *Error) Unwrap() error { return f.Cause }

// asError classifies an error that is neither nil nor redis.Nil.
func asError(err error) *Error {
	if f, ok := errors.AsType[*Error](err); ok {
		return f
	}
	return &Error{Kind: kindOf(err), Cause: err}
}

func kindOf(err error) Kind {
	switch {
	case redis.IsLoadingError(err):
		return Loading
	case redis.IsClusterDownError(err), redis.IsMasterDownError(err), redis.IsTryAgainError(err):
		return NoMaster
	case redis.IsReadOnlyError(err), redis.IsNoReplicasError(err):
		return ReadOnly
	case redis.IsOOMError(err):
		return Full
	case redis.HasErrorPrefix(err, "MISCONF"):
		return DiskFailing
	case redis.IsAuthError(err), redis.IsPermissionError(err):
		return Denied
	case redis.IsMaxClientsError(err), redis.HasErrorPrefix(err, "BUSY"):
		return Busy
	case errors.Is(err, redis.ErrClosed):
		return Closed
	case isTimeout(err):
		return Slow
	case isAnswer(err):
		return Refused
	}
	return Unreachable
}

func isTimeout(err error) bool {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	netErr, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, redis.ErrPoolTimeout) || ok && netErr.Timeout()
}

func isAnswer(err error) bool {
	_, ok := errors.AsType[redis.Error](err)
	return ok
}

// refusesWrites tells the kinds under which Redis still reads.
func (k Kind) refusesWrites() bool { return k == ReadOnly || k == Full || k == DiskFailing }

// isOutage tells the kinds under which asking on at full rate helps nobody.
func (k Kind) isOutage() bool {
	return slices.Contains([]Kind{Unreachable, Slow, Loading, NoMaster, Denied, Busy}, k)
}
