package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/clerkchat/mcp-gateway"

// rooms says for each package which of ours its code (tests aside) may import.
// A new package gets a line here first; a permission that nobody uses goes.
var rooms = map[string][]string{
	"openapi":                           nil,
	"pkg/clerkapi":                      {"internal/sanitize"},
	"pkg/mcpadapter":                    {"pkg/clerkapi", "pkg/mcpadapter/internal/args", "internal/sanitize"},
	"pkg/session":                       {"internal/sanitize"},
	"pkg/session/grant":                 {"pkg/session"},
	"pkg/mcpadapter/internal/args":      nil,
	"pkg/session/redisstore":            nil,
	"pkg/session/sessiontest":           {"pkg/session"},
	"internal/archtest":                 nil,
	"internal/archtest/cmd/testsummary": nil,
	"internal/config":                   {"internal/identity", "internal/netx", "internal/setting"}, // decision 0054
	"internal/config/cmd/settings":      nil,
	"internal/config/flags":             {"internal/config"},
	"internal/embedded":                 {"pkg/session/redisstore"},
	"internal/identity":                 {"internal/setting"},
	"internal/netx":                     nil,
	"internal/outputtest":               nil,
	"internal/setting":                  nil,
	"internal/pages":                    nil,
	"internal/redistest":                {"internal/outputtest", "internal/testkit"},
	"pkg/session/seal":                  nil,
	"internal/rpctest":                  nil,
	"internal/testkit":                  nil,
	"internal/web":                      {"internal/netx", "internal/request", "internal/setting"},
	"internal/upstream":                 {"internal/fault", "internal/flight", "internal/identity", "internal/netx", "internal/sanitize", "pkg/clerkapi", "pkg/session", "pkg/session/grant", "internal/request", "internal/setting"},
	"internal/authserver":               {"internal/fault", "internal/flight", "internal/identity", "internal/netx", "internal/sanitize", "pkg/session", "pkg/session/grant", "internal/pages", "internal/token", "internal/web", "internal/setting"},
	"internal/request":                  {"internal/identity", "pkg/clerkapi"},
	"internal/authserver/authtest":      nil,
	"internal/credential":               {"internal/fault", "internal/request", "internal/upstream", "pkg/clerkapi", "pkg/mcpadapter"},
	"internal/landing":                  {"internal/pages"},
	"internal/endpoint":                 {"internal/identity", "internal/request", "pkg/session", "pkg/mcpadapter", "internal/web", "internal/cancellation", "internal/fault"},
	"internal/cancellation":             nil,
	"internal/limit":                    {"pkg/mcpadapter", "pkg/session", "pkg/session/redisstore", "internal/fault"}, // which counts for all replicas
	"internal/idempotency":              {"pkg/mcpadapter", "pkg/clerkapi", "pkg/session"},
	"internal/fault":                    nil,
	"internal/flight":                   nil,
	"internal/histories":                {},
	"internal/observe":                  {"pkg/mcpadapter", "internal/request"},
	"internal/resource":                 {"internal/fault", "internal/identity", "internal/netx", "internal/request", "internal/web"}, // netx says what loopback is
	"internal/sanitize":                 nil,                                                                                          // texts of others, for whoever shows them
	"internal/sandbox":                  {"openapi", "pkg/clerkapi", "internal/pages", "internal/sandbox/provider", "internal/netx"},
	"internal/sandbox/provider":         {"internal/pages", "internal/netx"},
	"internal/token":                    {"internal/fault", "internal/flight", "internal/identity", "internal/netx", "internal/setting"},
	"internal/token/tokentest":          nil,
	"internal/gateway":                  {"*"},
	"internal/operator":                 {"internal/authserver", "internal/config", "internal/gateway", "internal/idempotency", "internal/identity", "internal/netx", "internal/token", "internal/upstream", "pkg/clerkapi", "pkg/session", "pkg/session/grant", "pkg/session/redisstore", "pkg/session/seal", "internal/sanitize", "internal/setting", "internal/fault"},
	"e2e":                               nil,
	"e2e/browsertest":                   nil,
	"e2e/conformance":                   nil,
	"e2e/conformance/fixtures":          nil,
	"e2e/differential":                  nil,
	"e2e/topology":                      nil,
	"e2e/topology/survival":             nil,
	"e2e/topology/share":                nil,
	"e2e/topology/cmd/up":               {"e2e/topology", "internal/setting"},
	"docs/examples/clerkapi":            {"pkg/clerkapi"},
	"docs/examples/mcpadapter":          {"pkg/clerkapi", "pkg/mcpadapter"},
	"docs/examples/session":             {"pkg/session", "pkg/session/redisstore", "pkg/session/seal"},
	"cmd/gateway":                       {"internal/config", "internal/gateway", "internal/sandbox", "internal/landing", "internal/observe", "internal/web", "pkg/session", "pkg/session/redisstore", "internal/request", "internal/setting", "internal/config/flags", "internal/operator"},
}

// forbidden are imports that nobody may have outside the places given.
var forbidden = map[string][]string{
	"internal/sandbox":          {"cmd/gateway"}, // a simulation must not get into a real gateway
	"internal/sandbox/provider": {"internal/sandbox"},
	"internal/operator":         {"cmd/gateway"}, // serving needs none of it
}

// jittering are the packages that may use math/rand, whose numbers can be foretold: to spread
// waiting times, never to guard anything. All else takes crypto/rand.
var jittering = []string{"pkg/clerkapi", "pkg/session/redisstore", "internal/idempotency"}

// modules are where a go.mod of ours lies; that of the tools requires programs only.
var modules = []string{".", "e2e"}

type listed struct {
	ImportPath string
	Imports    []string
}

// packages are all of ours in both modules, by their path below the root.
// -e: what only e2e requires need not be on this machine.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	found := map[string]listed{}
	for _, dir := range modules {
		n := len(found)
		for d := json.NewDecoder(strings.NewReader(golist(t, dir, "-e", "-json=ImportPath,Imports", "./..."))); ; {
			var p listed
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			found[strings.TrimPrefix(p.ImportPath, module+"/")] = p
		}
		if len(found) == n {
			t.Fatalf("no package was found in %s", dir)
		}
	}
	return found
}

func TestImportsGoOneWay(t *testing.T) {
	found := packages(t)
	if len(found) < 10 {
		t.Fatalf("only %d packages were found", len(found))
	}
	for path, p := range found {
		allowed, known := rooms[path]
		if !known {
			t.Errorf("%s has no line in the table of rooms", path)
			continue
		}
		for _, permitted := range allowed {
			if permitted != "*" && !slices.Contains(p.Imports, module+"/"+permitted) {
				t.Errorf("%s may import %s and does not: take it out of the table", path, permitted)
			}
		}
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "math/rand") && !slices.Contains(jittering, path) {
				t.Errorf("%s must not import %s, crypto/rand is for that", path, imported)
			}
			ours, ok := strings.CutPrefix(imported, module+"/")
			if !ok {
				continue
			}
			if !slices.Contains(allowed, ours) && !slices.Contains(allowed, "*") {
				t.Errorf("%s must not import %s", path, ours)
			}
			if only, ok := forbidden[ours]; ok && !slices.Contains(only, path) {
				t.Errorf("%s must not import %s, only %v may", path, ours, only)
			}
		}
	}
	for path := range rooms {
		if _, ok := found[path]; !ok {
			t.Errorf("the table of rooms has %s, which does not exist", path)
		}
	}
}
