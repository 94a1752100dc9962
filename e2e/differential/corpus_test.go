package differential

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCorpusHasRequestsOfBothEras(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	eras := map[string]int{}
	for _, r := range all {
		eras[r.Era]++
		if strings.Contains(r.Body, "$") {
			t.Errorf("%s: %s has something that is not filled in", r.Name, r.Body)
		}
		if !strings.HasPrefix(r.Name, r.Era+": ") {
			t.Errorf("%s: its name does not begin with its era", r.Name)
		}
	}
	if len(all) < 250 || eras[Legacy] < 100 || eras[Modern] < 100 {
		t.Errorf("%d requests, by era %v", len(all), eras)
	}
}

func TestCorpusRequestIsRead(t *testing.T) {
	const body = `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","_meta":$META+{"x":1}}}`
	r, err := parse(Modern, ":query ?q\n+Mcp-Name: \" b \"\n-Accept\n\n"+body)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Header; got.Get("Mcp-Method") != "tools/call" || len(got["Mcp-Name"]) != 2 || got["Mcp-Name"][1] != " b " || got["Accept"] != nil {
		t.Errorf("headers %v", got)
	}
	if r.Method != http.MethodPost || r.Query != "?q" || !strings.Contains(r.Body, `"x":1}`) || !strings.Contains(r.Body, "clientCapabilities") {
		t.Errorf("%+v", r)
	}
	for _, wrong := range []string{":nothing\n\n{}", ":pad many\n\n{}", "\n{\"_meta\":$META+[]}"} {
		if _, err := parse(Legacy, wrong); err == nil {
			t.Errorf("%q is read", wrong)
		}
	}
}

func TestDifferencesAreJudged(t *testing.T) {
	file := filepath.Join(t.TempDir(), table)
	const text = "What it is.\n\n## A reason that is long enough to be one [RFC 9110 §5.3]\n= go | 400 | 200\nlegacy: a\nlegacy: b\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := difference{"go", "400", "200", "legacy: a"}, difference{"go", "400", "200", "legacy: b"}
	changed, other := difference{"go", "404", "200", "legacy: b"}, difference{"typescript", "400", "200", "legacy: a"}
	for name, tt := range map[string]struct {
		found  []difference
		faults int
	}{
		"as it says": {[]difference{a, b}, 0}, "one is gone": {[]difference{a}, 1}, "one is new": {[]difference{a, b, other}, 1},
		"one has changed": {[]difference{a, changed}, 2}, "none": {nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			found := map[difference]bool{}
			for _, d := range tt.found {
				found[d] = true
			}
			preamble, groups := readTable(t, file)
			if faults := judge(groups, found); len(faults) != tt.faults {
				t.Errorf("%d faults, want %d: %q", len(faults), tt.faults, faults)
			}
			updated := filepath.Join(t.TempDir(), table)
			writeTable(t, updated, preamble, groups, found)
			_, groups = readTable(t, updated)
			unknown := 0 // what is left to do after an update
			for _, d := range tt.found {
				if d != a && d != b {
					unknown++
				}
			}
			if faults := judge(groups, found); len(faults) != unknown {
				t.Errorf("%d faults after an update, want %d: %q", len(faults), unknown, faults)
			}
		})
	}
}
