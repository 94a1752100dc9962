//go:build !linux && !darwin

package web

import "net"

// hasUnread is not known here.
func hasUnread(net.Conn) bool { return false }
