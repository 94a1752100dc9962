package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// starvedConn is a connection in a process that has far more to do than processors: whoever reads
// is woken only when the deadline is long over, though the answer is there.
type starvedConn struct {
	net.Conn
	woken bool
}

func (c *starvedConn) Read(b []byte) (int, error) {
	if !c.woken {
		time.Sleep(300 * time.Millisecond)
	}
	n, err := c.Conn.Read(b)
	c.woken = errors.Is(err, os.ErrDeadlineExceeded)
	return n, err
}

// A process whose every step takes longer than the time-out loses no call.
func TestAProcessStarvedByItsOwnLoadFindsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := miniredis.NewMiniRedis()
		defer server.Close()
		s, err := Open("redis://127.0.0.1:1", Options{
			Timeout:  100 * time.Millisecond,
			OnChange: func(kind Kind, up bool) { t.Errorf("told %q, up %v", kind, up) },
			Dial: func(context.Context) (net.Conn, error) {
				c, err := server.Dial()
				return &starvedConn{Conn: c}, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		var calls sync.WaitGroup
		for i := range 400 {
			calls.Go(func() {
				if _, _, err := s.Sessions().GetSet(t.Context(), fmt.Sprint(i), []byte("v"), time.Minute); err != nil {
					t.Errorf("call %d: %v", i, err)
				}
			})
		}
		calls.Wait()
	})
}
