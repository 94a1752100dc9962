package differential

import (
	"net/http"
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
