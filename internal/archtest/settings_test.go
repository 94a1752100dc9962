package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// declaration is the file where settings are declared: their names are made from it.
const declaration = "internal/config/config.go"

// namedSetting finds a flag with its variable, as the generated constants have them.
var namedSetting = regexp.MustCompile(`"--([a-z0-9-]+) \(([A-Z0-9_]+)\)"`)

// nameOf matches any name of a setting where it stands alone.
func nameOf(names []string) *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[^A-Za-z0-9_-])(` + strings.Join(names, "|") + `)(?:$|[^A-Za-z0-9_-])`)
}

// Whoever names a setting takes its name from internal/setting, so that it cannot be one that there
// is not.
func TestSettingsAreNamedByTheirDeclaration(t *testing.T) {
	var names []string
	constants, err := os.ReadFile(filepath.Join(root(t), "internal", "setting", "names.gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range namedSetting.FindAllSubmatch(constants, -1) {
		names = append(names, "--"+string(m[1]), string(m[2]))
	}
	if len(names) < 100 {
		t.Fatalf("only %d names were found", len(names))
	}
	named := nameOf(names)
	walk(t, func(path string, data []byte) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == declaration ||
			strings.HasPrefix(path, "docs/examples/") { // programs of others, who do not see our packages
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, data, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if m := named.FindStringSubmatch(text); err == nil && m != nil {
					t.Errorf("%s names %s: take it from internal/setting", files.Position(literal.Pos()), m[1])
				}
			}
			return true
		})
	})
}

func TestNamesOfSettingsAreFoundWhereTheyStandAlone(t *testing.T) {
	named := nameOf([]string{"--listen", "GATEWAY_LISTEN"})
	for text, want := range map[string]bool{
		"--listen": true, "set --listen, or go": true, `env:"GATEWAY_LISTEN"`: true, "(GATEWAY_LISTEN=x)": true,
		"--listen-more": false, "--sandbox--listen": false, "GATEWAY_LISTEN_ELSEWHERE": false, "MY_GATEWAY_LISTEN": false, "listen": false,
	} {
		if got := named.MatchString(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
