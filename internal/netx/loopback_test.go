package netx_test

import (
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

func TestWhichHostsAreLoopback(t *testing.T) {
	for host, want := range map[string]struct{ host, name bool }{
		"localhost": {true, true}, "127.0.0.1": {true, true}, "127.9.9.9": {true, true}, "::1": {true, true},
		"::ffff:127.0.0.1": {true, true}, "::1%eth0": {true, true}, "app.localhost": {false, true}, ".localhost": {false, true},
		"LOCALHOST": {}, "localhost.": {}, "0.0.0.0": {}, "10.0.0.1": {}, "notlocalhost": {}, "[::1]": {}, "": {}, "127.1": {},
	} {
		if to := netx.IsUsualLoopback(host); to != (host == "localhost" || host == "127.0.0.1" || host == "::1") {
			t.Errorf("%q is where an app listens: %v", host, to)
		}
		if a, b := netx.IsLoopback(host), netx.IsLoopbackName(host); a != want.host || b != want.name {
			t.Errorf("%q is loopback %v, by name %v, want %v", host, a, b, want)
		}
	}
}
