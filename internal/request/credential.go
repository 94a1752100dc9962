package request

import (
	"sync"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Credential is what the calls of a request are made with at the REST API. It was looked for once,
// before they began, and may be renewed by one of them for all.
type Credential struct {
	mu    sync.Mutex
	value clerkapi.Credential
	err   error
	lost  error
}

// NewCredential is what was found, or why a call has none. That is the call's own failure: a
// request which can be refused before its calls begin has no Credential.
func NewCredential(value clerkapi.Credential, err error) *Credential {
	return &Credential{value: value, err: err}
}

// Get is the credential, or why there is none.
func (c *Credential) Get() (clerkapi.Credential, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.err
}

// Renew puts another one in its place, after the REST API refused it.
func (c *Credential) Renew(value clerkapi.Credential) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.lost = value, nil
}

// Lose says that it was refused and that there is no other one. refusal is what the request would
// have been answered with if that had been known before, nil for what is the call's own failure.
func (c *Credential) Lose(refusal error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = refusal
}

// Lost is why the request would have been refused, nil if it would not. It is nil for a nil
// Credential.
func (c *Credential) Lost() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}
