package testkit

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// Ports are below those that systems give to whoever asks for any, so neither a connection nor a
// test's listener takes one before the server has it, or while it is restarted. A Redis cluster's
// bus has the port 10,000 above.
const firstPort, lastPort = 10_000, 22_000

// asked counts the ports that this process has tried. Processes begin at different ones.
var asked atomic.Int64

// FreeAddress takes a port of the loopback interface for good, for a server that a test starts, and
// perhaps starts again.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := firstPort + (os.Getpid()*97+int(asked.Add(1)))%(lastPort-firstPort)
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		var config net.ListenConfig
		l, err := config.Listen(t.Context(), "tcp", addr)
		if err != nil {
			continue
		}
		_ = l.Close()
		return addr
	}
	t.Fatalf("no free port from %d to %d", firstPort, lastPort)
	return ""
}
