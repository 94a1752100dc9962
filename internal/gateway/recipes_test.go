package gateway_test

import (
	"crypto/rand"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/config/flags"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

const recipesFile = "../../docs/providers.md"

// everywhere is the heading of the lines that every deployment needs.
const everywhere = "Before you begin"

// providersWithRecipes are those that the documentation promises.
func providersWithRecipes() []string {
	return []string{"Google", "Entra ID", "Okta", "Auth0", "Keycloak", "Amazon Cognito", "Zitadel", "Authentik", "Authelia"}
}

// placeholders are what a reader writes in place of the words in capitals.
func placeholders() map[string]string {
	return map[string]string{
		"GATEWAY-SECRET": rand.Text() + rand.Text(), "CLERK-API-KEY": "key", "CLIENT-ID": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
		"CLIENT-SECRET": "s3cret", "TENANT-ID": recipeTenant, "OTHER-TENANT-ID": "aaaaaaaa-1111-2222-3333-444444444444", "TENANT": "acme",
		"KEYCLOAK-HOST": "sso.example.com", "REALM": "staff", "REGION": "eu-west-1", "POOL-ID": "eu-west-1_AbCdEf", "ZITADEL-HOST": "acme.zitadel.cloud",
		"PROJECT-ID": "275", "AUTHENTIK-HOST": "authentik.example.com", "SLUG": "gateway", "AUTHELIA-HOST": "auth.example.com",
	}
}

const recipeTenant = "9122040d-6c67-4c5b-b112-36a304b66dad"

// variables are lines of a recipe, by name.
type variables map[string]string

var (
	headingLine    = regexp.MustCompile(`^(##|###) (.+)$`)
	variableLine   = regexp.MustCompile(`^([A-Z_]+)=(.*)$`)
	wordInCapitals = regexp.MustCompile(`[A-Z][A-Z0-9]*(-[A-Z0-9]+)*`)
)

// recipes reads the lines to copy out of the documentation, by heading: "Google / People sign in".
func recipes(t *testing.T) map[string]variables {
	t.Helper()
	data, err := os.ReadFile(recipesFile)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]variables{}
	var section, heading string
	var block variables
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		switch m := headingLine.FindStringSubmatch(line); {
		case line == "```sh":
			if found[heading] != nil {
				t.Fatalf("%s has two blocks", heading)
			}
			block = variables{}
			found[heading] = block
		case line == "```":
			block = nil
		case block != nil:
			block.add(t, heading, line)
		case m == nil:
		case m[1] == "##":
			section, heading = m[2], m[2]
		default:
			heading = section + " / " + m[2]
		}
	}
	return found
}

// add takes a line as a shell and Compose do.
func (v variables) add(t *testing.T, heading, line string) {
	t.Helper()
	m := variableLine.FindStringSubmatch(line)
	if m == nil || v[m[1]] != "" {
		t.Fatalf("%s: %q is not a new variable", heading, line)
	}
	value, quoted := m[2], false
	if inside, ok := strings.CutPrefix(value, "'"); ok {
		value, quoted = strings.CutSuffix(inside, "'")
	}
	if value == "" || strings.Contains(value, "'") || !quoted && strings.ContainsAny(value, " ;\"$&<>|()`\\#*?~") {
		t.Fatalf("%s: a shell reads %q otherwise", heading, line)
	}
	v[m[1]] = fillIn(t, value)
}

// fillIn puts plausible values in the place of placeholders; one that nobody knows is a mistake.
func fillIn(t *testing.T, value string) string {
	t.Helper()
	known := placeholders()
	return wordInCapitals.ReplaceAllStringFunc(value, func(word string) string {
		filled, ok := known[word]
		switch {
		case ok:
			return filled
		case len(word) > 1:
			t.Fatalf("nobody knows what %s in %q stands for", word, value)
		}
		return word // a letter, such as that of Messages.Read
	})
}

// configured is the configuration of some variables, as the program reads it.
func configured(t *testing.T, all ...variables) config.Config {
	t.Helper()
	for _, variables := range all {
		for name, value := range variables {
			t.Setenv(name, value)
		}
	}
	var c config.Config
	parser, err := kong.New(&c, kong.PostBuild(flags.Declare))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRecipesOfProvidersAreValid(t *testing.T) {
	known := map[string]bool{}
	parser, err := kong.New(&config.Config{}, kong.PostBuild(flags.Declare))
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range parser.Model.Flags {
		for _, name := range flag.Envs {
			known[name] = true
		}
	}
	all := recipes(t)
	for heading, recipe := range all {
		if heading == everywhere {
			continue
		}
		t.Run(heading, func(t *testing.T) {
			for name := range recipe {
				if !known[name] {
					t.Errorf("there is no variable %s", name)
				}
			}
			c := configured(t, all[everywhere], recipe)
			for _, problem := range append(gateway.Problems(&c), gateway.Warnings(&c)...) {
				if !strings.Contains(recipe["OIDC_BACKCHANNEL_URL"], "http://") || !strings.Contains(problem, "OIDC_BACKCHANNEL_URL") {
					t.Error(problem) // an address inside over http is warned of, and the text says so too
				}
			}
		})
	}
}

func TestEveryProviderHasATestedRecipe(t *testing.T) {
	t.Parallel()
	tested := slices.Concat(slices.Collect(maps.Keys(signInRecipes())), slices.Collect(maps.Keys(tokenRecipes())))
	var written []string
	for heading, recipe := range recipes(t) {
		if heading == everywhere {
			continue
		}
		written = append(written, heading)
		if _, tested := signInRecipes()[heading]; tested != (recipe["GATEWAY_AUTH"] == "oauth") {
			t.Errorf("%s is not tested as what it is for", heading)
		}
	}
	slices.Sort(tested)
	slices.Sort(written)
	if !slices.Equal(tested, written) {
		t.Errorf("tested: %q\nwritten: %q", tested, written)
	}
	for _, provider := range providersWithRecipes() {
		if !slices.ContainsFunc(written, func(h string) bool { return strings.HasPrefix(h, provider+" / ") }) {
			t.Errorf("%s has no recipe", provider)
		}
	}
}

// movedTo is the recipe with a server of the test in the place of the provider.
func (v variables) movedTo(t *testing.T, server string) variables {
	t.Helper()
	var pairs []string
	for _, issuer := range append(strings.Split(v["GATEWAY_TOKEN_ISSUER"], ","), v["OIDC_ISSUER"]) {
		if u, err := url.Parse(issuer); err == nil && u.Host != "" {
			pairs = append(pairs, u.Scheme+"://"+u.Host, server)
		}
	}
	moved := maps.Clone(v)
	for name, value := range moved {
		moved[name] = strings.NewReplacer(pairs...).Replace(value)
	}
	return moved
}
