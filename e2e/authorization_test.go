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
)

// freeAddress is an address that was free a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// The suite's authorization scenarios sign in as a person would: it prints a URL, and a browser goes through consent and the
// sandbox's sign-in to its callback.
func TestAuthorizationConformance(t *testing.T) {
	needClients(t)
	d := startDemo(t, "--auth", "oauth")
	put(t, d.sandbox+"/_sandbox/oidc", `{"auto_approve":"ann"}`)

	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	redirect := "http://127.0.0.1:" + port + "/callback"
	client := registerClient(t, d, "Conformance", redirect)

	ctx, cancel := context.WithTimeout(t.Context(), suiteTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "node_modules/.bin/conformance", "authorization", "--url", d.url,
		"--client-id", client, "--port", port, "--resource", d.url+"/mcp", "-o", t.TempDir())
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
	ran := outcome.FindAllStringSubmatch(printed.String(), -1)
	for _, m := range ran {
		if m[4] != "0" {
			t.Errorf("%s: %s checks failed", m[2], m[4])
		}
	}
	if len(ran) < 2 {
		t.Errorf("%d scenarios ran, want 2\n%s", len(ran), &printed)
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
		resp, err = browser.PostForm(at.Scheme+"://"+at.Host+"/oauth/consent", form)
	}
}

func put(t *testing.T, address, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s answered %s", address, resp.Status)
	}
}

func post(t *testing.T, address string, body, answer any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address, "application/json", strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}
