package redisstore

import (
	"context"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// failing is a call that fails.
func failing(err error) func(context.Context, redis.UniversalClient) error {
	return func(context.Context, redis.UniversalClient) error { return err }
}

// A call that had no connection in time, or no processor, was never made. While the server serves
// others it is ours to wait.
func TestWhatWasLateIsRepeatedIfNothingWasSentOrWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		late  bool
		reads bool
		want  int // tries
	}{
		"no connection, others are served": {context.DeadlineExceeded, true, false, 9},
		"the pool, others are served":      {redis.ErrPoolTimeout, true, false, 9},
		"no connection, nobody is served":  {context.DeadlineExceeded, false, false, 1},
		"written, others are served":       {noAnswer, true, false, 1},
		"a read, others are served":        {noAnswer, true, true, 1 + lateReads},
		"a read, nobody is served":         {noAnswer, false, true, 1},
		"a read that was not sent":         {context.DeadlineExceeded, true, true, 9},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := OpenServer(miniredis.NewMiniRedis(), Options{})
				defer func() { _ = s.Close() }()
				tries := 0
				do := s.do
				if tt.reads {
					do = s.read
				}
				err := do(t.Context(), func(ctx context.Context, _ redis.UniversalClient) error {
					if tries++; tries == 9 {
						return nil
					}
					valuesOf(ctx).attempt.late.Store(tt.late)
					return tt.err
				})
				if tries != tt.want || (err == nil) != (tt.want == 9) {
					t.Errorf("%d tries, then %v; want %d", tries, err, tt.want)
				}
			})
		})
	}
}

// What the waits for rests have left of a time-out is too short to find a server silent in.
func TestTheRemainderOfATimeoutSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := OpenServer(miniredis.NewMiniRedis(), Options{}).WithTimeout(10 * time.Second)
		defer func() { _ = s.Close() }()
		var counted []time.Duration
		err := s.do(t.Context(), func(ctx context.Context, _ redis.UniversalClient) error {
			counted = append(counted, valuesOf(ctx).attempt.timeout)
			return &Error{Kind: CircuitOpen, rest: 4 * time.Second}
		})
		if want := []time.Duration{10 * time.Second, 6 * time.Second, 0}; kindOfFailure(err) != CircuitOpen || !slices.Equal(counted, want) {
			t.Errorf("%v, then %v; want %v", counted, err, want)
		}
	})
}

func TestAnUnsentCallEndsWithItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := OpenServer(miniredis.NewMiniRedis(), Options{})
		defer func() { _ = s.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := s.do(ctx, func(ctx context.Context, _ redis.UniversalClient) error {
			<-ctx.Done()
			valuesOf(ctx).attempt.late.Store(true)
			return ctx.Err()
		})
		if kindOfFailure(err) != Slow {
			t.Errorf("%v, want slow", err)
		}
	})
}

// late is a connection whose data is there, and whose reader and writer are woken after their
// deadlines.
type lateConn struct {
	net.Conn
	late bool
	data string
}

func (c *lateConn) Read(b []byte) (int, error) {
	if c.late {
		return 0, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	}
	return copy(b, c.data), nil
}

func (c *lateConn) Write(b []byte) (int, error) {
	if c.late {
		return 0, &net.OpError{Op: "write", Err: os.ErrDeadlineExceeded}
	}
	return len(b), nil
}

func (c *lateConn) SetReadDeadline(time.Time) error  { c.late = false; return nil }
func (c *lateConn) SetWriteDeadline(time.Time) error { c.late = false; return nil }

func TestAnAnswerThatIsReadLateIsRead(t *testing.T) {
	heard := 0
	c := newConn(&lateConn{late: true, data: "+OK"}, func() { heard++ })
	b := make([]byte, 8)
	if n, err := c.Read(b); string(b[:n]) != "+OK" || err != nil || heard != 1 {
		t.Errorf("read %q, %v, heard %d times", b[:n], err, heard)
	}
	c = newConn(&lateConn{late: true}, func() { t.Error("heard something") })
	if n, err := c.Write([]byte("x")); n != 1 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
}

func TestASocketCanBeLookedAt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	plain, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	if _, ok := newConn(plain, func() {}).(rawConn); !ok {
		t.Error("go-redis cannot tell that the server has closed it")
	}
}
