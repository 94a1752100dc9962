package main

import (
	"bytes"
	"net"
	"testing"
)

func TestExitCodes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	for _, tt := range []struct {
		name string
		args []string
		want int
	}{
		{"help", []string{"--help"}, exitOK},
		{"help of a command", []string{"serve", "--help"}, exitOK},
		{"version", []string{"version"}, exitOK},
		{"no command", nil, exitUsage},
		{"unknown flag", []string{"serve", "--nonsense"}, exitUsage},
		{"wrong configuration", []string{"check"}, exitUsage},
		{"an address that is taken", []string{"sandbox", "--sandbox-listen", busy.Addr().String()}, exitFailed},
		{"nobody to ask", []string{"healthcheck", "--listen", "127.0.0.1:1"}, exitFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, err bytes.Buffer
			if code := run(tt.args, &out, &err); code != tt.want {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.want, &out, &err)
			}
		})
	}
}
