package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/landing"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

//go:generate go generate ../../internal/config
//go:generate go test . -run ^(TestTheREADMEIsUpToDate|TestHelpIsAsInTestdata)$ -update

var update = flag.Bool("update", false, "write the README's generated parts")

const readme = "../../README.md"

// The parts of the README that the code knows better are written by this test.
func TestTheREADMEIsUpToDate(t *testing.T) {
	data, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	want := string(data)
	for name, text := range map[string]string{
		"tools":         toolTable(t),
		"clients":       clientList(),
		"configuration": configurationTable(),
		"commands":      commandTable(reflect.TypeFor[cli](), "gateway"),
	} {
		part := regexp.MustCompile(`(?s)(<!-- generated: ` + name + ` -->\n).*?(<!-- end -->)`)
		if !part.MatchString(want) {
			t.Fatalf("the README has no place for %s", name)
		}
		want = part.ReplaceAllStringFunc(want, func(old string) string {
			m := part.FindStringSubmatch(old)
			return m[1] + text + m[2]
		})
	}
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatal("the README's generated parts are not up to date; run: make generate")
	}
	if err := os.WriteFile(readme, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func toolTable(t *testing.T) string {
	t.Helper()
	client, err := clerkapi.NewClient(clerkapi.Options{Transport: http.NewFileTransport(nil)})
	if err != nil {
		t.Fatal(err)
	}
	tools, err := mcpadapter.New(mcpadapter.Options{Client: client, Credentials: noCredentials{}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| tool | what it does | effect |\n|---|---|---|\n")
	for _, tool := range tools.Definitions() {
		first, _, _ := strings.Cut(tool.Description, ". ")
		effect := "writes"
		switch a := tool.Annotations; {
		case a.ReadOnlyHint:
			effect = "reads"
		case a.DestructiveHint != nil && *a.DestructiveHint:
			effect = "writes, cannot be undone"
		}
		fmt.Fprintf(&b, "| `%s` | %s. | %s |\n", tool.Name, strings.TrimSuffix(first, "."), effect)
	}
	return b.String()
}

type noCredentials struct{ mcpadapter.Credentials }

func clientList() string {
	var b strings.Builder
	for _, c := range landing.Clients("http://127.0.0.1:8080/mcp") {
		fmt.Fprintf(&b, "<details><summary>%s</summary>\n\n", c.Name)
		if c.Unreachable != "" {
			fmt.Fprintf(&b, "%s\n\n", c.Unreachable)
		}
		for _, step := range writtenWay(c).For(true) {
			if step.Text != "" {
				fmt.Fprintf(&b, "%s\n\n", step.Text)
			}
			if step.Snippet != nil {
				fmt.Fprintf(&b, "```%s\n%s\n```\n\n", step.Snippet.Language, strings.TrimSpace(step.Snippet.Code))
			}
		}
		if c.Note != "" {
			fmt.Fprintf(&b, "%s\n\n", c.Note)
		}
		b.WriteString("</details>\n")
	}
	return b.String()
}

// writtenWay is the first way that has something to copy: a README has no buttons.
func writtenWay(c landing.Client) landing.Way {
	for _, way := range c.Ways {
		for _, step := range way.For(true) {
			if step.Snippet != nil {
				return way
			}
		}
	}
	return c.Ways[0]
}

// configurationTable shows every setting of serve, in the order of the struct.
func configurationTable() string {
	var b strings.Builder
	group := ""
	for _, s := range config.Settings() {
		if s.Group != group {
			group = s.Group
			fmt.Fprintf(&b, "\n**%s**\n\n| flag | variable | default | |\n|---|---|---|---|\n", group)
		}
		value := s.Default
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", s.Flag, s.Variable, value, s.Help)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// commandTable shows every command, and those below it, in the order of the struct.
func commandTable(root reflect.Type, name string) string {
	var b strings.Builder
	b.WriteString("| command | what it does |\n|---|---|\n")
	help := func(f reflect.StructField) string {
		return os.Expand(f.Tag.Get("help"), func(name string) string { return variables()[name] })
	}
	var below func(t reflect.Type, name string)
	below = func(t reflect.Type, name string) {
		for f := range fields(t) {
			if _, ok := f.Tag.Lookup("cmd"); ok {
				command := name + " " + strings.ToLower(f.Name)
				fmt.Fprintf(&b, "| `%s` | %s |\n", command, help(f))
				below(f.Type, command)
			}
		}
	}
	below(root, name)
	return b.String()
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
