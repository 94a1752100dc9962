//go:build linux || darwin

package web

import (
	"net"
	"syscall"
)

// hasUnread tells whether something came on a connection that nobody has read: a process that has
// too much to do reads late. Of what is not a connection of the system it is not known.
func hasUnread(conn net.Conn) bool {
	if paced, ok := conn.(*pacedConn); ok {
		conn = paced.Conn
	}
	system, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return false
	}
	var first [1]byte
	var n int
	err = raw.Control(func(fd uintptr) {
		n, _, _ = syscall.Recvfrom(int(fd), first[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT) // nothing there is an error, too
	})
	return err == nil && n > 0
}
