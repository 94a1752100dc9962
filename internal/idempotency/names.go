package idempotency

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// names are the names of a thing: the first is the one in use, the others those under other
// secrets.
func (m *Guard) names(parts ...any) []string {
	for i, part := range parts {
		if s, ok := part.(string); ok {
			parts[i] = []byte(s) // in JSON all that is not a text would be the same
		}
	}
	b, err := json.Marshal(parts)
	if err != nil {
		panic("idempotency: " + err.Error()) // texts, numbers and bytes
	}
	digests := m.opts.Digester.Digests(b)
	names := make([]string, len(digests))
	for i, d := range digests {
		names[i] = base64.RawURLEncoding.EncodeToString(d[:16])
	}
	return names
}

// operationNames are the names of an operation's record, and how long it is kept. A key is the
// subject's, whatever credential is in use, and says which operation it is; without one,
// an operation is recognized if all of it is sent again. Ids that start at 1 are everybody's, so
// without a session or a trusted proxy's id nothing is.
func (m *Guard) operationNames(w mcpadapter.Operation) (names []string, ttl time.Duration) {
	t := w.Retransmission
	switch recognized := t.Recognizable(); {
	case w.Key != "":
		return m.names("key", w.Subject, w.Key, w.Part), m.opts.KeyLife
	case recognized && t.ProxyRequestID != "":
		names = m.names("proxy", w.Subject, t.ProxyRequestID, t.RequestID, w.Tool, w.Digest[:], w.Part)
	case recognized:
		names = m.names("request", w.Subject, t.Session, t.RequestID, w.Tool, w.Digest[:], w.Part)
	default:
		names = []string{rand.Text()} // nothing to recognize it by
	}
	// While the call runs, and long enough for one that died to be found.
	return names, m.opts.Attempt + m.opts.WaitTime + m.opts.RetransmissionLife
}

// fingerprintNames name the open attempts of a fingerprint: of the whole deployment.
func (m *Guard) fingerprintNames(w mcpadapter.Operation) []string {
	return m.names("likeness", w.Fingerprint[:])
}

// queueNames name the queue of a fingerprint: of one tenant.
func (m *Guard) queueNames(w mcpadapter.Operation) []string {
	return m.names("queue", w.Tenant, w.Fingerprint[:])
}

// claimNames name a claim: of the whole deployment. The fingerprint is part of it, since ids of
// messages may start again, and those of two workspaces may be alike.
func (m *Guard) claimNames(w mcpadapter.Operation, id string) []string {
	return m.names("claim", id, w.Fingerprint[:])
}
