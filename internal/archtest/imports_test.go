package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/clerkchat/mcp-gateway"

// rooms says for each package which of ours its code (tests aside) may import. A new package gets a line here first.
var rooms = map[string][]string{
	"openapi":                           nil,
	"pkg/clerkapi":                      nil,
	"pkg/mcpadapter":                    {"pkg/clerkapi"},
	"pkg/session":                       nil,
	"pkg/session/redisstore":            nil,
	"pkg/session/sessiontest":           {"pkg/session"},
	"internal/archtest":                 nil,
	"internal/archtest/cmd/testsummary": nil,
	"e2e":                               nil,
	"internal/browsertest":              nil,
	"internal/config":                   {"internal/identity"}, // rules of who may sign in are judged with all other settings
	"internal/identity":                 nil,
	"internal/netx":                     nil,
	"internal/outputtest":               nil,
	"internal/pages":                    nil,
	"internal/redistest":                {"internal/outputtest"},
	"pkg/session/seal":                  nil,
	"internal/testkit":                  nil,
	"internal/web":                      nil,
	"internal/upstream":                 {"internal/identity", "internal/netx", "pkg/clerkapi", "pkg/mcpadapter", "pkg/session"},
	"internal/authserver":               {"internal/identity", "internal/netx", "pkg/session", "internal/pages", "internal/token", "internal/web"},
	"internal/authserver/authtest":      nil,
	"internal/landing":                  {"internal/identity", "pkg/session", "internal/pages", "internal/web", "pkg/mcpadapter"},
	"internal/endpoint":                 {"internal/identity", "pkg/session", "pkg/mcpadapter", "internal/web"},
	"internal/limit":                    {"pkg/mcpadapter"},
	"internal/idempotency":              {"pkg/mcpadapter", "pkg/clerkapi"},
	"internal/histories":                {},
	"internal/observe":                  {"pkg/mcpadapter", "internal/identity"},
	"internal/resource":                 {"internal/identity", "internal/web"},
	"internal/sandbox":                  {"openapi", "pkg/clerkapi", "internal/pages", "internal/web", "internal/sandbox/provider"},
	"internal/sandbox/provider":         {"internal/pages"},
	"internal/token":                    {"internal/identity", "internal/netx"},
	"internal/token/tokentest":          nil,
	"internal/topology":                 nil,
	"internal/topology/survival":        {"internal/topology"},
	"internal/topology/share":           nil,
	"internal/topology/cmd/up":          {"internal/topology"},
	"internal/gateway":                  {"*"},
	"cmd/gateway":                       {"internal/config", "internal/gateway", "internal/sandbox", "internal/landing", "internal/observe", "internal/web", "pkg/clerkapi", "pkg/session", "pkg/session/redisstore"},
}

// forbidden are imports that nobody may have outside the places given.
var forbidden = map[string][]string{
	"internal/sandbox":          {"cmd/gateway"}, // a simulation must not get into a real gateway
	"internal/sandbox/provider": {"internal/sandbox"},
}

// jittering are the packages that may use math/rand, whose numbers can be foretold: to spread waiting times, never to
// guard anything. All else takes crypto/rand.
var jittering = []string{"pkg/clerkapi", "pkg/session/redisstore", "internal/idempotency"}

type listed struct {
	ImportPath string
	Imports    []string
}

// packages are all of ours, by their path below the module.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	found := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(p.ImportPath, module+"/")] = p
	}
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
