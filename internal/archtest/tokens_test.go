package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A client's own access token is taken off its request; where it has to be exchanged, one file carries it past that.
func TestTheClientsTokenIsCarriedByOneFile(t *testing.T) {
	const home = "internal/gateway/credentials_exchange.go"
	found := map[string]bool{}
	err := filepath.WalkDir(root(t), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err == nil && bytes.Contains(source, []byte("clientToken")) {
			relative, relErr := filepath.Rel(root(t), path)
			found[filepath.ToSlash(relative)], err = true, relErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !found[home] || len(found) != 1 {
		t.Errorf("the token is known to %v, only %s may", found, home)
	}
}
