package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// Everything of a demo answers, as do a Redis and the exit code.
func TestCheckConnectsToEverything(t *testing.T) {
	demo := startDemo(t, "--auth", "oauth")
	redis := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	sandbox := demo.ready["sandbox"]
	args := []string{
		"check", "--connect", "--auth", "oauth", "--secret", rand.Text() + rand.Text(), "--redis-url", redis.URL(),
		"--client-documents", "builtin", "--oidc-issuer", sandbox + "/oidc", "--oidc-client-id", "gateway",
		"--oidc-client-secret", "sandbox-client-secret", "--allow-any-user", "--clerk-url", sandbox, "--clerk-api-key", "sandbox-key",
	}
	for name, tt := range map[string]struct {
		more []string
		code int
		says string // on standard error
	}{
		"all answers":         {nil, exitOK, ""},
		"strictly":            {[]string{"--strict"}, exitOK, ""},
		"a wrong key":         {[]string{"--clerk-api-key", "another"}, exitUsage, "does not work: rest api"},
		"a wrong secret":      {[]string{"--oidc-client-secret", "another"}, exitUsage, "does not work: provider client"},
		"a warning":           {[]string{"--client-documents", "on", "--egress-proxy", "http://127.0.0.1:1"}, exitOK, ""},
		"a warning, strictly": {[]string{"--strict", "--client-documents", "on", "--egress-proxy", "http://127.0.0.1:1"}, exitUsage, "is set: client documents"},
	} {
		t.Run(name, func(t *testing.T) {
			var table, out, err bytes.Buffer
			if code := run(append(args, tt.more...), &table, &err); code != tt.code || !strings.Contains(err.String(), tt.says) {
				t.Errorf("exit code %d, want %d\n%s%s", code, tt.code, &table, &err)
			}
			err.Reset()
			if code := run(append(append(args, tt.more...), "--json"), &out, &err); code != tt.code {
				t.Errorf("exit code %d with --json, want %d", code, tt.code)
			}
			var r operator.Report
			if e := json.Unmarshal(out.Bytes(), &r); e != nil || r.OK != (tt.code == exitOK) || !r.Connected || len(r.Checks) < 8 {
				t.Fatalf("%v: %s", e, &out)
			}
			for _, c := range r.Checks { // the same is in both
				if !strings.Contains(table.String(), c.Check) || !strings.Contains(table.String(), c.Found) || !strings.Contains(table.String(), c.Change) {
					t.Errorf("the table lacks %+v\n%s", c, &table)
				}
			}
		})
	}
}
