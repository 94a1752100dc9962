package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
)

type secretCmd struct{}

// Run prints a secret of 32 random bytes.
func (secretCmd) Run(s streams) error { //nolint:unparam // the form that kong calls
	b := make([]byte, 32)
	rand.Read(b) // never fails, says crypto/rand
	fmt.Fprintln(s.out, base64.RawURLEncoding.EncodeToString(b))
	return nil
}
