//go:build unix

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// A private certificate authority is given with SSL_CERT_FILE, and nobody else's certificate will
// do.
func TestRedisIsReachedOverTLSWithAPrivateAuthority(t *testing.T) {
	authority, certificate, key := certificates(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close()
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", authority, "--tls-auth-clients", "no")

	for name, tt := range map[string]struct {
		trusted string
		reached bool
	}{
		"its authority": {authority, true},
		"nobody's":      {os.DevNull, false},
	} {
		t.Run(name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), exe, "check", "--redis-url", "rediss://"+address,
				"--secret", rand.Text()+rand.Text(), "--clerk-api-key", "key")
			cmd.Env = append(os.Environ(), asGateway+"=1", "SSL_CERT_FILE="+tt.trusted, "SSL_CERT_DIR="+t.TempDir())
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			if reached := !strings.Contains(stderr.String(), "unreachable"); reached != tt.reached {
				t.Errorf("reached: %v\n%s", reached, stderr.String())
			}
		})
	}
}

// certificates makes an authority and a certificate of it for 127.0.0.1, as files.
func certificates(t *testing.T) (authority, certificate, key string) {
	t.Helper()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour),
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotAfter: time.Now().Add(time.Hour),
	}
	rootKey, leafKey := newKey(t), newKey(t)
	leafKeyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	return pemFile(t, "CERTIFICATE", signed(t, root, root, rootKey, rootKey)),
		pemFile(t, "CERTIFICATE", signed(t, leaf, root, leafKey, rootKey)), pemFile(t, "PRIVATE KEY", leafKeyDER)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, c, by *x509.Certificate, key, with *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemFile(t *testing.T, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
