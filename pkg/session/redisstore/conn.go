package redisstore

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// lateGrace is how long a read or write that is out of time is tried once more.
const lateGrace = 10 * time.Millisecond

// conn is a connection to a server. On a machine that has too much to do the answer may be there in
// time and its reader be woken only after the deadline, and Go then fails the read without looking.
// So what is out of time is tried once more for a moment: what came is read, and only a server that
// has sent nothing has not answered.
type conn struct {
	net.Conn
	heard func() // something came from the server
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Now().Add(lateGrace)) == nil {
		n, err = c.Conn.Read(b)
	}
	if n > 0 {
		c.heard()
	}
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.SetWriteDeadline(time.Now().Add(lateGrace)) == nil {
		n, err = c.Conn.Write(b)
	}
	return n, err
}

// rawConn is a conn in whose socket go-redis looks whether the server has closed it. A TLS
// connection is none.
type rawConn struct {
	*conn
	syscall.Conn
}

func newConn(c net.Conn, heard func()) net.Conn {
	wrapped := &conn{c, heard}
	if raw, ok := c.(syscall.Conn); ok {
		return rawConn{wrapped, raw}
	}
	return wrapped
}
