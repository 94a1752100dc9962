package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// granted is a demo at which Ann signed in as many clients as asked for, and how operators reach
// its grants.
type granted struct {
	redis  *redistest.Server
	secret string
	flags  []string
}

func grantedTo(t *testing.T, clients int) *granted {
	t.Helper()
	g := &granted{redis: redistest.Start(t), secret: rand.Text() + rand.Text()}
	g.flags = []string{"--redis-url", g.redis.URL(), "--secret", g.secret}
	demo := start(t, append([]string{"demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"}, g.flags...)...)
	for range clients {
		signIn(t, demo.url+"/mcp")
	}
	return g
}

// grants runs a command about grants.
func (g *granted) grants(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(append(append([]string{"grants"}, args...), g.flags...), &out, &err)
	return code, out.String(), err.String()
}

// listed are the grants that list shows as JSON.
func (g *granted) listed(t *testing.T, args ...string) (found []operator.GrantJSON) {
	t.Helper()
	code, out, err := g.grants(t, append([]string{"list", "--json"}, args...)...)
	if code != exitOK {
		t.Fatalf("list: %d %s", code, err)
	}
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var e operator.GrantJSON
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		found = append(found, e)
	}
	return found
}

func TestOperatorsListAndShowGrants(t *testing.T) {
	g := grantedTo(t, 2)
	found := g.listed(t)
	if len(found) != 2 {
		t.Fatalf("%+v", found)
	}
	e := found[0]
	if e.State != "live" || e.Email != "ann@acme.example" || e.ClientName != "SDK" || e.Subject == "" || len(e.Person) != 12 || len(e.Scopes) == 0 {
		t.Errorf("%+v", e)
	}
	code, table, _ := g.grants(t, "list")
	if lines := strings.Split(strings.TrimSpace(table), "\n"); code != exitOK || len(lines) != 3 ||
		!regexp.MustCompile(`^ID +PERSON +E-MAIL +CLIENT +CLIENT NAME +SCOPES +BORN +STATE$`).MatchString(lines[0]) {
		t.Errorf("%d\n%s", code, table)
	}
	code, shown, _ := g.grants(t, "show", e.ID[:operator.ShownKey])
	for _, want := range []string{e.ID, e.Subject, e.Person, e.Client, e.ClientID, "ann@acme.example", "live"} {
		if code != exitOK || !strings.Contains(shown, want) {
			t.Errorf("%d: it does not show %s:\n%s", code, want, shown)
		}
	}
	for _, args := range [][]string{{"--person", e.Person}, {"--person", e.Email}, {"--person", e.Subject}, {"--client", e.Client}, {"--client", "SDK"}} {
		if fit := g.listed(t, args...); len(fit) == 0 {
			t.Errorf("%v fits none", args)
		}
	}
	if fit := g.listed(t, "--person", "ben@globex.example"); len(fit) != 0 {
		t.Errorf("somebody else's: %+v", fit)
	}
}

func TestOperatorsEndGrants(t *testing.T) {
	for name, tt := range map[string]struct {
		args func(e operator.GrantJSON) []string
		left int
	}{
		"by id":     {func(e operator.GrantJSON) []string { return []string{e.ID[:operator.ShownKey]} }, 1},
		"by person": {func(e operator.GrantJSON) []string { return []string{"--person", e.Person} }, 0},
		"by e-mail": {func(operator.GrantJSON) []string { return []string{"--person", "ANN@acme.example"} }, 0},
		"by client": {func(e operator.GrantJSON) []string { return []string{"--client", e.Client} }, 1},
		"of both":   {func(e operator.GrantJSON) []string { return []string{"--client", e.ClientID, "--person", e.Subject} }, 1},
		"all":       {func(operator.GrantJSON) []string { return []string{"--all"} }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := grantedTo(t, 2)
			code, out, err := g.grants(t, append([]string{"end"}, tt.args(g.listed(t)[0])...)...)
			if ended := strings.Count(out, "ended "); code != exitOK || ended != 2-tt.left {
				t.Errorf("%d, %d ended:\n%s%s", code, ended, out, err)
			}
			if left := g.listed(t); len(left) != tt.left {
				t.Errorf("%d are left", len(left))
			}
			marks := 0
			for _, e := range g.listed(t, "--ended") {
				if e.State == "ended" {
					marks++
				}
			}
			if marks != 2-tt.left {
				t.Errorf("%d marks", marks)
			}
		})
	}
}

func TestWhatCannotBeReadIsSaidAndEndedByID(t *testing.T) {
	g := grantedTo(t, 1)
	id := g.listed(t)[0].ID
	other := &granted{redis: g.redis, flags: []string{"--redis-url", g.redis.URL(), "--secret", rand.Text() + rand.Text()}}
	if found := other.listed(t); len(found) != 1 || found[0].State != "unreadable" || found[0].Email != "" {
		t.Errorf("%+v", found)
	}
	if code, out, err := other.grants(t, "list", "--person", "ann@acme.example"); code != exitOK || strings.Contains(out, id[:operator.ShownKey]) ||
		!strings.Contains(err, "1 grant cannot be read") {
		t.Errorf("list of a person: %d\n%s%s", code, out, err)
	}
	if code, _, err := other.grants(t, "end", "--person", "ann@acme.example"); code != exitFailed || !strings.Contains(err, "1 grant cannot be read") {
		t.Errorf("end of a person: %d %s", code, err)
	}
	if len(g.listed(t)) != 1 {
		t.Error("it was ended")
	}
	if code, out, err := other.grants(t, "end", id[:operator.ShownKey]); code != exitOK || !strings.Contains(out, "ended "+id[:operator.ShownKey]) {
		t.Errorf("end by id: %d %s%s", code, out, err)
	}
	// Once more, and one that the store has lost: its tokens are about.
	for _, id := range []string{id, id[:2] + "AAAAAAAAAAAAAAAAAAAA"} {
		if code, out, err := g.grants(t, "end", id); code != exitOK || !strings.Contains(out, "ended ") {
			t.Errorf("end of %s: %d %s%s", id, code, out, err)
		}
	}
	if len(g.listed(t)) != 0 {
		t.Error("it was not ended")
	}
}

func TestGrantsThatCannotBeEndedFail(t *testing.T) {
	g := grantedTo(t, 1)
	id := g.listed(t)[0].ID
	for name, tt := range map[string]struct {
		args []string
		want string
		code int
	}{
		"nobody's":          {[]string{"end", "--person", "nobody@example.com"}, "no grant was ended", exitFailed},
		"nothing said":      {[]string{"end"}, "say which grants", exitUsage},
		"two ways":          {[]string{"end", id, "--all"}, "say which grants", exitUsage},
		"all of one person": {[]string{"end", "--all", "--person", "x"}, "say which grants", exitUsage},
		"no such grant":     {[]string{"end", "zzzzzz"}, "no such grant", exitFailed},
		"too short":         {[]string{"end", "abc"}, "first 4", exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			if code, out, err := g.grants(t, tt.args...); code != tt.code || !strings.Contains(err, tt.want) || out != "" {
				t.Errorf("%d, want %d: %s%s", code, tt.code, out, err)
			}
		})
	}
	g.redis.Kill()
	for _, args := range [][]string{{"end", id}, {"end", "--all"}, {"end", "--person", "ann@acme.example"}, {"list"}, {"show", id}} {
		if code, out, err := g.grants(t, args...); code != exitFailed || strings.Contains(out, "ended") || !strings.Contains(err, "unavailable") {
			t.Errorf("%v without Redis: %d %s%s", args, code, out, err)
		}
	}
	g.redis.Restart()
}
