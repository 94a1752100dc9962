package sandbox_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const docsFile = "../../docs/sandbox.md"

// example is a command of the documentation with what it answers.
type example struct{ command, answer string }

func examplesOf(t *testing.T) (docs string, all []example) {
	t.Helper()
	data, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch command, ok := strings.CutPrefix(line, "$ "); {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && ok:
			all = append(all, example{command: command})
		case inside:
			all[len(all)-1].answer += line
		}
	}
	return string(data), all
}

var (
	curlForm   = regexp.MustCompile(`^curl -s(?: -X (\w+))? localhost:8081(/\S*)((?: -H '[^']*')*)(?: -d '([^']*)')?$`)
	headerForm = regexp.MustCompile(`-H '([^:]*): ([^']*)'`)
)

func TestTheExamplesOfTheDocsWork(t *testing.T) {
	b := newBench(t)
	_, examples := examplesOf(t)
	if len(examples) < 20 {
		t.Fatalf("only %d examples are found", len(examples))
	}
	for _, e := range examples {
		m := curlForm.FindStringSubmatch(e.command)
		if m == nil {
			t.Fatalf("the test does not understand %s", e.command)
		}
		method, path, body := m[1], m[2], m[4]
		if method == "" {
			method = "GET"
			if body != "" {
				method = "POST"
			}
		}
		headers := []string{"apiKey", "", "Content-Type", "application/x-www-form-urlencoded"} // as curl does
		for _, h := range headerForm.FindAllStringSubmatch(m[3], -1) {
			headers = append(headers, h[1], h[2])
		}
		r, err := b.try(method, path, body, headers...)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.ReplaceAll(regexp.QuoteMeta(e.answer), "…", "(?s:.*)")
		if !regexp.MustCompile("^" + want + "$").MatchString(strings.TrimSuffix(r.body, "\n")) {
			t.Errorf("%s\nanswers %.600s\nwant    %s", e.command, r.body, e.answer)
		}
	}
}

var controlForm = regexp.MustCompile(`(?m)^(GET|PUT|POST|DELETE) /_sandbox/\S+$`)

// Every control stands on the start page, since that is made of the same table, and in the docs.
func TestStartPageAndDocsNameEveryControl(t *testing.T) {
	b := newBench(t)
	docs, _ := examplesOf(t)
	docs = strings.Join(strings.Fields(docs), " ")
	page := b.do(200, "GET", "/", "").body
	controls := controlForm.FindAllString(page, -1)
	if len(controls) < 20 {
		t.Errorf("the start page names %d controls: %s", len(controls), page)
	}
	for _, c := range controls {
		if !strings.Contains(docs, "`"+c+"`") {
			t.Errorf("%s does not name %s", docsFile, c)
		}
		method, path, _ := strings.Cut(c, " ")
		if r, err := b.try(method, path, ""); err != nil || r.status == 404 || r.status == 405 {
			t.Errorf("%s is answered %d, %v", c, r.status, err)
		}
	}
}
