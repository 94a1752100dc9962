package endpoint_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

var oddIDs = []string{
	`1.0`, `1.5`, `-0`, `9007199254740993`, `-9007199254740993`, `123456789012345678901234567890`, `1e3`, `1E400`, `2.50`,
	`"a\u0062"`, `"\ud800"`, `"ü"`, `"<&>"`, `"a\"b"`, `""`, `"1"`, `0`,
}

func TestIDsComeBackToTheLetter(t *testing.T) {
	for _, id := range oddIDs {
		t.Run(id, func(t *testing.T) {
			r := newReplica(t, setup{})
			for name, body := range map[string]string{
				"a call":          callProbe,
				"initialize":      strings.Replace(initialize, `"id":1`, `"id":2`, 1),
				"a refusal":       `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{"cursor":5}}`,
				"an unknown one":  `{"jsonrpc":"2.0","id":2,"method":"no/such"}`,
				"an unknown tool": strings.ReplaceAll(callProbe, "probe", "none"),
			} {
				a := r.send(t, http.MethodPost, strings.Replace(body, `"id":2`, `"id":`+id, 1))
				if got := a.rpc(t); a.status != http.StatusOK || string(got.ID) != id {
					t.Errorf("%s: answered %d %s", name, a.status, a.body)
				}
			}
		})
	}
}

func TestIDsOfABatchComeBackToTheLetter(t *testing.T) {
	r := newReplica(t, setup{})
	a := r.send(t, http.MethodPost, "["+strings.Replace(callProbe, `"id":2`, `"id":2.0`, 1)+","+strings.Replace(callProbe, `"id":2`, `"id":1e30`, 1)+"]")
	var answers []struct{ ID json.RawMessage }
	if err := json.Unmarshal([]byte(a.body), &answers); err != nil || len(answers) != 2 {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	if ids := string(answers[0].ID) + " " + string(answers[1].ID); ids != "2.0 1e30" && ids != "1e30 2.0" {
		t.Errorf("answered %s", a.body)
	}
}

func TestAByteOrderMarkIsSkipped(t *testing.T) {
	r := newReplica(t, setup{})
	served(t, r.send(t, http.MethodPost, "\xef\xbb\xbf"+callProbe))
	served(t, r.send(t, http.MethodPost, "\xef\xbb\xbf \n"+callProbe+"\n"))
}
