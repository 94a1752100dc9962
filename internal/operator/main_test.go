package operator_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// patience is longer than anything takes on a machine that is busy with other things: only what
// hangs exceeds it.
const patience = time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// signingKey is what every provider of these tests signs with: to make one takes longer than most
// of them.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// valid is a configuration in front of a sandbox.
func valid(t *testing.T) config.Config {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{SigningKey: signingKey()})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sb)
	t.Cleanup(srv.Close)
	return config.Config{
		Listen: "127.0.0.1:0", Secrets: []config.Secret{"0123456789abcdef0123456789abcdef"},
		Auth: "none", TokenSubjectClaim: "sub", TokenScopeClaims: []string{"scope", "scp"},
		ClerkURL: srv.URL, ClerkAPIKey: sandbox.Key, ClerkCredential: "api-key", ClerkTimeout: patience,
		AccessTokenLife: time.Hour, RefreshGrace: 10 * time.Minute,
	}
}

// written is a file with a text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
