package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// authorizationScenarios are all that the suite has for authorization servers. Its other scenarios
// of that name (auth/…) test clients against a server of its own.
var authorizationScenarios = []string{"authorization-server-metadata-endpoint", "authorization-code-grant"}

// builtInClient is a client that is known without its document, with any port on loopback.
const builtInClient = "https://claude.ai/oauth/claude-code-client-metadata"

// The suite's authorization scenarios sign in as a person would: it prints a URL, and a browser
// goes through consent and the sandbox's sign-in to its callback. There is no client with a secret
// among them: the suite sends none to a server that takes public clients too.
func TestAuthorizationConformance(t *testing.T) {
	needClients(t)
	for name, tt := range map[string]struct {
		version, path string
		documents     bool // the client is known by its URL
	}{
		"2025-03-26": {version: "2025-03-26"}, "2025-06-18": {version: "2025-06-18"}, "2025-11-25": {version: "2025-11-25"},
		"2026-07-28": {version: "2026-07-28"}, "below a path": {path: "/clerk"}, "client known by its URL": {documents: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, port, err := net.SplitHostPort(testkit.FreeAddress(t))
			if err != nil {
				t.Fatal(err)
			}
			args := []string{"--auth", "oauth", "--client-documents", "builtin"}
			if tt.path != "" {
				address := testkit.FreeAddress(t)
				args = append(args, "--listen", address, "--public-url", "http://"+address+tt.path)
			}
			d := startDemo(t, args...)
			put(t, d.sandbox+"/_sandbox/oidc", `{"auto_approve":"ann"}`)
			client := builtInClient
			if !tt.documents {
				client = registerClient(t, d, "Conformance", "http://127.0.0.1:"+port+"/callback")
			}
			suite := []string{"authorization", "--url", d.url, "--client-id", client, "--port", port, "--resource", d.url + "/mcp", "-o", t.TempDir()}
			if tt.version != "" {
				suite = append(suite, "--spec-version", tt.version)
			}
			authorizationSuite(t, d, suite)
		})
	}
}

// authorizationSuite runs the suite, and wants every scenario to pass with every check.
func authorizationSuite(t *testing.T, d demo, args []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), suiteTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{"node_modules/.bin/conformance"}, args...)...)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	address, listens := "", false
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		printed.WriteString(sc.Text() + "\n")
		listens = listens || strings.HasPrefix(sc.Text(), "Callback server started")
		if strings.HasPrefix(sc.Text(), d.url+"/oauth/authorize?") {
			address = sc.Text()
		}
		if address != "" && listens { // it says both, in either order
			go browse(t, address)
			address = ""
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the suite is not content: %v\n%s", err, &printed)
	}
	passed := map[string]bool{}
	for _, m := range outcome.FindAllStringSubmatch(printed.String(), -1) {
		passed[m[2]] = m[3] != "0" && m[4] == "0" // what was skipped neither passed nor failed
	}
	for _, scenario := range authorizationScenarios {
		if !passed[scenario] {
			t.Errorf("%s did not pass\n%s", scenario, &printed)
		}
	}
	if len(passed) != len(authorizationScenarios) {
		t.Errorf("other scenarios ran than are known: %v", passed)
	}
}

var (
	refreshPattern = regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]*)"`)
	hiddenPattern  = regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`)
	scopePattern   = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)
)

// browse is a person at a browser who allows everything.
func browse(t *testing.T, address string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Error(err)
		return
	}
	browser := &http.Client{Jar: jar}
	resp, err := browser.Get(address)
	for range 12 {
		if err != nil {
			t.Error(err)
			return
		}
		data, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		at, page := resp.Request.URL, string(data)
		if m := refreshPattern.FindStringSubmatch(page); m != nil {
			next, err := at.Parse(html.UnescapeString(m[1]))
			if err != nil {
				t.Error(err)
				return
			}
			address = next.String()
			if resp, err = browser.Get(address); err != nil {
				t.Error(err)
				return
			}
			continue
		}
		if !strings.Contains(page, `name="csrf"`) {
			return
		}
		form := url.Values{"decision": {"allow"}}
		for _, m := range hiddenPattern.FindAllStringSubmatch(page, -1) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
		for _, m := range scopePattern.FindAllStringSubmatch(page, -1) {
			form.Add("scope", m[1])
		}
		base, _, _ := strings.Cut(at.String(), "/oauth/")
		resp, err = browser.PostForm(base+"/oauth/consent", form)
	}
}

func put(t *testing.T, address, body string) {
	t.Helper()
	req := rpctest.Post(address, body)
	req.Method = http.MethodPut
	if a := req.Do(t); a.Status >= http.StatusMultipleChoices {
		t.Fatalf("%s answered %d %s", address, a.Status, a.Body)
	}
}

func post(t *testing.T, address string, body, answer any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	rpctest.Post(address, string(data)).Do(t).Into(t, answer)
}
