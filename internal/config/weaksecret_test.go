package config

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestSecretsThatAGuesserTriesFirstAreWeak(t *testing.T) {
	for _, secret := range []string{
		strings.Repeat("a", 38), strings.Repeat("s", 32), strings.Repeat("ab", 20), strings.Repeat("xyz!", 10),
		strings.Repeat("hJ7#kq2", 6), strings.Repeat("0", 64), strings.Repeat("01", 20),
		"0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF", "01234567890123456789012345678901",
		"abcdefghijklmnopqrstuvwxyz0123456789", "zyxwvutsrqponmlkjihgfedcba9876543210", "00112233445566778899aabbccddeeff",
		"a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6", "13579135791357913579135791357913",
		"changemechangemechangemechangeme", "changeme-changeme-changeme-changeme", "ChangeMe1234567890ChangeMe1234567890",
		"please-change-me-please-change-me-now", "password1234password1234password1234", "P455W0RDP455W0RDP455W0RDP455W0RD",
		"my-super-secret-key-for-the-gateway-1234", "your-secret-here-at-least-32-characters", "this-is-not-a-secret-this-is-not-a-secret",
		"qwertyuiopasdfghjklzxcvbnm123456", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "deadbeefdeadbeefdeadbeefdeadbeef",
		"set-your-own-set-your-own-set-your-own", "test-secret-test-secret-test-secret-1", "GATEWAY_SECRET_GATEWAY_SECRET_GATEWAY",
		"INSECURE-DEMO-SECRET-known-to-everybody-replace-me", "insecure-demo-secret-known-to-everybody",
		"secret-a-secret-a-secret-a-secret-a", "old-secret-0123456789abcdef0123456789", "replace_with_a_random_string_of_32_chars",
		"6f1c2d7e-8a4b-4c1e-9f3d-2b7a5e9c0d11", "                                        ", "----------------------------------------",
		"correct horse battery staple correct horse", "CorrectHorseBatteryStaple1234567", "The quick brown fox jumps over the lazy dog",
		"lorem ipsum dolor sit amet consectetur",
		"a-very-long-and-very-secure-password-123!", "x" + strings.Repeat("A", 31) + "y", "ten characters" + strings.Repeat("ten characters", 2),
	} {
		if !weak(secret) {
			t.Errorf("%q passes, with %d surprises", secret, surprise(strings.ToLower(secret)))
		}
	}
}

// What gateway secret and openssl make always passes, and so do shorter random secrets that are
// long enough.
func TestRandomSecretsAreNotWeak(t *testing.T) {
	for name, encode := range map[string]struct {
		bytes  int
		encode func([]byte) string
	}{
		"gateway secret":          {32, base64.RawURLEncoding.EncodeToString},
		"openssl rand -base64 32": {32, base64.StdEncoding.EncodeToString},
		"openssl rand -hex 32":    {32, hex.EncodeToString},
		"openssl rand -hex 16":    {16, hex.EncodeToString},
		"openssl rand -base64 24": {24, base64.StdEncoding.EncodeToString},
		"openssl rand -base64 64": {64, base64.StdEncoding.EncodeToString},
	} {
		least := 1000
		for range 400 {
			raw := make([]byte, encode.bytes)
			_, _ = rand.Read(raw)
			secret := encode.encode(raw)
			least = min(least, surprise(strings.ToLower(secret)))
			if weak(secret) {
				t.Fatalf("%s made %q, which has %d surprises", name, secret, surprise(strings.ToLower(secret)))
			}
		}
		// Far from the bound, so that no sample is needed to know the rest.
		if least < minSurprise+2 {
			t.Errorf("%s: one has %d surprises only", name, least)
		}
	}
	for range 400 { // what the demo makes for itself
		if secret := rand.Text() + rand.Text(); weak(secret) {
			t.Fatalf("%q", secret)
		}
	}
}

// Whatever this tree shows as somebody's secret is known to everybody who can read it.
func TestSecretsOfThisTreeAreWeak(t *testing.T) {
	shown := regexp.MustCompile(`(?i)secrets?[a-z]*\)?["':]?\s*(?:=|:|:=|:-|,|\{)\s*(?:\[\]config\.Secret\{|config\.Secret\()?["'` + "`" + `]?([A-Za-z0-9+/_=.-]{32,})`)
	setting := regexp.MustCompile(`^[A-Z_]+=$`)
	found := 0
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == "node_modules" || name == "bin" || name == "run" {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(path) {
		case ".go", ".md", ".yml", ".example", ".txtar", ".ts", ".mjs", ".json":
		default:
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, "weaksecret_test.go") {
			return err
		}
		for _, m := range shown.FindAllSubmatch(data, -1) {
			s := string(m[1])
			if setting.MatchString(s) { // what comes after a secret in a list
				continue
			}
			found++
			if !weak(s) {
				t.Errorf("%s shows %q, which passes with %d surprises", path, s, surprise(strings.ToLower(s)))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 5 {
		t.Errorf("only %d secrets were found", found)
	}
}
