package request

import "log/slog"

// Token is a secret that a request came with. It shows itself to nobody but who asks for it.
type Token struct{ reveal func() string }

// NewToken hides a token.
func NewToken(token string) Token { return Token{func() string { return token }} }

// Reveal is the token, "" for none.
func (t Token) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

const redacted = "[redacted]"

// String redacts.
func (Token) String() string { return redacted }

// GoString redacts.
func (Token) GoString() string { return redacted }

// LogValue redacts.
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }
