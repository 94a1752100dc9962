//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// desk is a person's computer with one client on it: a home of its own, and a browser that leaves
// to the person where to go.
type desk struct {
	home string
	// opened is the file that the browser writes addresses to.
	opened string
	env    []string
	// terminal says that it signs in on one, which breaks lines: what it prints there is no
	// address.
	terminal bool
	// keeps is where it keeps its login, in the home, if it is to be killed after it signed in: a
	// file of JSON.
	keeps string

	mu   sync.Mutex
	said []*outputtest.Buffer // by programs
}

// newDesk has a home with files, by their paths in it.
func newDesk(t *testing.T, files map[string]string) *desk {
	t.Helper()
	d := &desk{home: t.TempDir()}
	d.opened = filepath.Join(d.home, "opened")
	d.write(t, "bin/xdg-open", "#!/bin/sh\nprintf '%s\\n' \"$1\" >>'"+d.opened+"'\n", 0o700)
	d.write(t, "opened", "", 0o600)
	for path, text := range files {
		d.write(t, path, text, 0o600)
	}
	bin := filepath.Join(d.home, "bin")
	d.env = []string{
		"HOME=" + d.home, "PATH=" + bin + ":" + filepath.Dir(absolute(t, node)) + ":/usr/local/bin:/usr/bin:/bin",
		"BROWSER=" + filepath.Join(bin, "xdg-open"), "DISPLAY=:99", "TERM=xterm-256color", "LANG=C.UTF-8",
		"HTTPS_PROXY=http://127.0.0.1:9", "NO_PROXY=127.0.0.1,localhost", // nobody listens there: nothing leaves this machine
	}
	return d
}

func (d *desk) write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	path = filepath.Join(d.home, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// command runs a program in the home, as the leader of a group that ends with the context.
func (d *desk) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = d.home, d.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // what it left running in another group may hold its output
	return cmd
}

// run runs a program to its end and gives what it printed; what went wrong says that too.
func (d *desk) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := d.command(ctx, program, args...)
	var out strings.Builder
	var said outputtest.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	d.hear(&said)
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%w: %s%s", err, &out, said.String())
	}
	return out.String(), err
}

// printedInvitation is one that is printed to its end.
var printedInvitation = regexp.MustCompile(`(https?://\S+/oauth/authorize\?\S+)\s`)

// hear listens to a program that may print where its person shall go.
func (d *desk) hear(said *outputtest.Buffer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said = append(d.said, said)
}

// invitations are the addresses at the gateway that the person was asked to open, each once.
func (d *desk) invitations() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, _ := os.ReadFile(d.opened)
	texts := []string{string(data)}
	for _, said := range d.said {
		texts = append(texts, said.String())
	}
	var found, challenges []string
	for _, text := range texts {
		for _, m := range printedInvitation.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(m[1])
			if err != nil || slices.Contains(challenges, u.Query().Get("code_challenge")) {
				continue
			}
			found, challenges = append(found, m[1]), append(challenges, u.Query().Get("code_challenge"))
		}
	}
	return found
}

// signIn runs a program that signs in, lets Ann allow what it asks for, and waits for its end; or,
// where it has none and is typed to, until what it prints says that it is done.
func (d *desk) signIn(t *testing.T, cmd *exec.Cmd, typed func(*testing.T, io.Writer, *outputtest.Buffer), done string) {
	t.Helper()
	var said outputtest.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if !d.terminal {
		d.hear(&said)
	}
	keys, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Cancel() }) // whatever happened
	if typed != nil {
		typed(t, keys, &said)
	} else {
		_ = keys.Close()
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	address := ""
	waitFor(t, "an address to open", &said, func() bool {
		if opened := d.invitations(); len(opened) > 0 {
			address = opened[0]
		}
		return address != "" || len(ended) > 0
	})
	if address == "" {
		t.Fatalf("it ended without a sign-in: %v\n%s", <-ended, said.String())
	}
	comeBack(t, address)
	if done != "" {
		waitFor(t, done, &said, func() bool { return strings.Contains(said.String(), done) })
		waitFor(t, "the login is kept", &said, d.isKept)
		_ = cmd.Cancel()
		t.Logf("it goes on until it is killed: %v", <-ended)
		return
	}
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			t.Fatalf("%v\n%s", err, said.String())
		}
	case <-time.After(clientTime):
		_ = cmd.Cancel()
		t.Fatalf("it does not end after the sign-in\n%s", said.String())
	}
}

// isKept tells whether the login is written whole, and nothing is written to it any more: who is
// killed while it writes has lost it.
func (d *desk) isKept() bool {
	path := filepath.Join(d.home, d.keeps)
	info, err := os.Stat(path)
	if err != nil || time.Since(info.ModTime()) < time.Second {
		return false
	}
	data, err := os.ReadFile(path) //nolint:gosec // in a folder of the test's
	return err == nil && json.Valid(data)
}

func waitFor(t *testing.T, what string, said *outputtest.Buffer, condition func() bool) {
	t.Helper()
	if !testkit.Reached(condition) {
		t.Fatalf("in vain: %s\n%s", what, said.String())
	}
}

// comeBack is Ann's browser: through consent and sign-in, and back to the client.
func comeBack(t *testing.T, address string) {
	t.Helper()
	asked, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	redirect := asked.Query().Get("redirect_uri")
	answer := authtest.Person{}.Allow(t, address, redirect)
	back, err := url.Parse(redirect)
	if err != nil {
		t.Fatal(err)
	}
	back.RawQuery = answer.Encode()
	resp, err := http.Get(back.String())
	if err != nil {
		t.Fatalf("the client does not listen: %v", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if page, _ := io.ReadAll(resp.Body); resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("the client answers %s\n%s", resp.Status, page)
	}
}
