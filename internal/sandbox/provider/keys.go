package provider

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// signingKey is a key pair that signs tokens, or did.
type signingKey struct {
	id      string
	alg     jose.SignatureAlgorithm
	private crypto.Signer
}

// algorithms are those that tokens may be signed with.
func algorithms() []jose.SignatureAlgorithm { return []jose.SignatureAlgorithm{jose.RS256, jose.ES256} }

func newKey(alg jose.SignatureAlgorithm) (signingKey, error) {
	k := signingKey{id: rand.Text(), alg: alg}
	var err error
	switch alg {
	case jose.ES256:
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.RS256:
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("alg %q is unknown; there are RS256 and ES256", alg)
	}
	return k, err
}

// keyOf gives a key that somebody else made an id of its own.
func keyOf(private crypto.Signer) (signingKey, error) {
	k := signingKey{id: rand.Text(), private: private}
	switch public := private.Public().(type) {
	case *rsa.PublicKey:
		k.alg = jose.RS256
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return k, errors.New("provider: SigningKey is not on P-256")
		}
		k.alg = jose.ES256
	default:
		return k, fmt.Errorf("provider: SigningKey is a %T; it must be of RSA or on P-256", private)
	}
	return k, nil
}

// firstKey is the key of the start.
func (p *Provider) firstKey() (signingKey, error) {
	if p.options.SigningKey != nil {
		return keyOf(p.options.SigningKey)
	}
	return newKey(jose.RS256)
}

func (k signingKey) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.alg), Use: "sig"}
}

// current is the key that signs. Its caller holds the lock.
func (p *Provider) current() (signingKey, error) {
	if len(p.state.keys) == 0 {
		k, err := p.firstKey()
		if err != nil {
			return k, err
		}
		p.state.keys = []signingKey{k}
	}
	return p.state.keys[0], nil
}

// rotate puts a new key in front; the others stay published, or are forgotten with all they signed.
func (p *Provider) rotate(alg jose.SignatureAlgorithm, keepOld bool) error {
	k, err := newKey(alg)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	keys := []signingKey{k}
	if keepOld {
		keys = append(keys, p.state.keys...)
	}
	p.state.keys = keys
	return nil
}

// sign makes a JWT. Its caller holds the lock.
func (p *Provider) sign(kind jose.ContentType, claims map[string]any) (string, error) {
	k, err := p.current()
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: k.alg, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}},
		(&jose.SignerOptions{}).WithType(kind))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// open checks who signed a JWT of a kind and reads its id. Its caller holds the lock.
func (p *Provider) open(raw string, kind jose.ContentType) (id string, ok bool) {
	t, err := jwt.ParseSigned(raw, algorithms())
	if err != nil || len(t.Headers) != 1 || t.Headers[0].ExtraHeaders[jose.HeaderType] != string(kind) {
		return "", false
	}
	for _, k := range p.state.keys {
		var c jwt.Claims
		if k.id == t.Headers[0].KeyID && string(k.alg) == t.Headers[0].Algorithm && t.Claims(k.private.Public(), &c) == nil {
			return c.ID, true
		}
	}
	return "", false
}

// serveKeys publishes the keys (RFC 7517).
func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	_, err := p.current()
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, k := range p.state.keys {
		set.Keys = append(set.Keys, k.public())
	}
	p.mu.Unlock()
	if err != nil {
		writeError(w, serverError())
		return
	}
	writeJSON(w, http.StatusOK, set)
}

func serverError() failure {
	return failure{http.StatusInternalServerError, "server_error", "the provider could not make a key or a token"}
}
