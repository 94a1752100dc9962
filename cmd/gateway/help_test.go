package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

const goldenHelp = "testdata/help.golden"

// What help says of each command stands in testdata, so that a change of it can be read.
func TestHelpIsAsInTestdata(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var all bytes.Buffer
	for _, command := range []string{
		"", "demo", "serve", "sandbox", "sessions list", "sessions show", "sessions end", "grants list", "grants show", "grants end",
		"check", "secret", "healthcheck", "version",
	} {
		args := append(strings.Fields(command), "--help")
		all.WriteString("$ gateway " + strings.Join(args, " ") + "\n")
		if code := run(args, &all, &all); code != exitOK {
			t.Fatalf("%q ends with %d", args, code)
		}
		all.WriteString("\n")
	}
	if *update {
		if err := os.WriteFile(goldenHelp, all.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenHelp)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(all.Bytes(), want) {
		t.Errorf("%s is not what help says; run: make generate", goldenHelp)
	}
}

func TestEverySettingStandsInTheHelpOfServe(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	var out bytes.Buffer
	run([]string{"serve", "--help"}, &out, &out)
	help := strings.Join(strings.Fields(out.String()), " ")
	for _, s := range config.Settings() {
		first, _, _ := strings.Cut(s.Help, ". ")
		for _, want := range []string{"--" + s.Flag, "$" + s.Variable, strings.TrimSuffix(first, ".")} {
			if !strings.Contains(help, want) {
				t.Errorf("%s: help does not say %q", s.Name, want)
			}
		}
	}
}

func TestDefaultOfTheRESTAPIIsThatOfItsClient(t *testing.T) {
	for _, s := range config.Settings() {
		if s.Flag == "clerk-url" && s.Default != clerkapi.DefaultBaseURL {
			t.Errorf("it is %s, want %s", s.Default, clerkapi.DefaultBaseURL)
		}
	}
}
