package mcpadapter

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// creation is a request that creates something.
type creation interface {
	request
	// asked is everything that is asked for, in its normal form, the same however often it is asked
	// for.
	asked() any
}

// searchable is a creation that leaves something that can be looked at.
type searchable interface {
	creation
	// fingerprint is what can be seen of it, the same for all that look alike.
	fingerprint() any
	// distinct tells whether what can be seen is all that matters.
	distinct() bool
	// search finds what looks like it and was made at or after a time.
	search(ctx context.Context, api *clerkapi.Client, since time.Time) ([]Match, error)
}

// executeGuarded executes a plan unless a call under the same key did.
func (t *Tools) executeGuarded(ctx context.Context, tool *tool, p plan, c Call, hold *hold) Report {
	ctx, cancel := context.WithTimeout(ctx, t.budget)
	defer cancel()
	work, wrong := operationOf(tool, p, c)
	if wrong != "" {
		return withoutEffect(joined([]string{wrong, tool.words.nothing}), Facts{Outcome: OutcomeInvalid, Disposition: DispositionNotExecuted})
	}
	if v, ok := p.request.(searchable); ok {
		work.Fingerprint = digest(tool.name, v.fingerprint())
		if v.distinct() {
			work.Search = func(ctx context.Context, since time.Time) ([]Match, error) {
				return t.search(ctx, v, c.Subject, since)
			}
		}
	}
	last, finding := t.attemptOnce(ctx, work, tool, p, c.Subject, hold)
	return t.conclude(tool, p, work, last, finding)
}

// attemptOnce attempts an operation unless that is or was done. last is the latest attempt of this
// call.
func (t *Tools) attemptOnce(ctx context.Context, w Operation, tool *tool, p plan, subject string, hold *hold) (last executed, finding Verdict) {
	e := t.once.Begin(w)
	defer e.End()
	for e.Next(ctx) {
		last = t.execute(ctx, tool, p, subject, e, hold)
		e.Finish(ctx, Attempted{Outcome: last.outcome, ID: last.id, Result: last.report.Result, Canceled: last.canceled})
	}
	finding = unlessCanceled(ctx, tool, p, &last, e.Verdict()) // may change last
	return last, finding
}

// operationOf is a plan as an operation, but for how it is searched for. wrong says what is wrong
// with its key.
func operationOf(tool *tool, p plan, c Call) (w Operation, wrong string) {
	w = Operation{
		Subject: c.Subject, Tenant: c.Tenant, Tool: tool.name,
		Digest:         digest(tool.name, p.request.(creation).asked()), // every tool that creates something has such a request
		Retransmission: c.retransmission(),
	}
	if c.IdempotencyKey != "" && !tool.named {
		return w, "This server does not remember idempotency keys, so it cannot keep a call that has one in _meta from being done twice."
	}
	w.Given = givenDigest(tool.name, c.Arguments)
	if r, ok := p.request.(interface{ formerly() any }); ok {
		if was := r.formerly(); was != nil {
			w.Former = digest(tool.name, was)
		}
	}
	w.Key, wrong = mergeKeys(p.key, c.IdempotencyKey)
	return w, wrong
}

func (c *Call) retransmission() Retransmission {
	return Retransmission{ProxyRequestID: c.ProxyRequestID, Session: c.Session, RequestID: c.RequestID, Held: c.Held}
}

// create carries out what creates something, in one piece or in parts.
func (t *Tools) create(ctx context.Context, tool *tool, p plan, c Call, hold *hold) (report Report) {
	if tool.execute != nil {
		report = tool.execute(ctx, t, tool, p, c, hold)
	} else {
		report = t.executeGuarded(ctx, tool, p, c, hold)
	}
	report.Facts.Unrecognizable = p.key == "" && c.IdempotencyKey == "" && !c.retransmission().Recognizable()
	return report
}

// search looks with the caller's credential.
func (t *Tools) search(ctx context.Context, v searchable, subject string, since time.Time) ([]Match, error) {
	credential, err := t.credentials.Credential(ctx, subject)
	if err != nil {
		return nil, err
	}
	var found []Match
	err = t.renewing(ctx, t.client, subject, credential, func(api *clerkapi.Client) (err error) {
		found, err = v.search(ctx, api, since)
		return err
	})
	return found, err
}

// digest is of a value in its normal form, for one tool.
func digest(tool string, value any) [32]byte {
	b, err := json.Marshal(value)
	if err != nil {
		b = []byte(rand.Text()) // it came out of JSON, so it goes into it; were that wrong, no two calls may pass for one
	}
	return sha256.Sum256(append([]byte(tool+"\x00"), b...))
}

// givenDigest is of the arguments as they came, but for how they are written as JSON, their order,
// and what does not say what is to be done. It stays the same when a later version makes another
// normal form of them.
func givenDigest(tool string, arguments json.RawMessage) [32]byte {
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil {
		v = string(arguments)
	}
	if object, ok := v.(map[string]any); ok {
		for name, value := range object {
			if value == nil || name == keyArgument || bookkeeping[name] {
				delete(object, name)
			}
		}
	}
	return digest(tool+"\x00given", v)
}

// mergeKeys is the key of a call that may have named it in two places.
func mergeKeys(argument, meta string) (key, wrong string) {
	switch {
	case meta == "":
		return argument, ""
	case argument != "" && argument != meta:
		return "", "The argument idempotency_key and the one in _meta are not the same: give one of them."
	case len(meta) > maxKey || strings.ContainsFunc(meta, args.IsInvisible) || strings.TrimSpace(meta) != meta:
		return "", "The idempotency key in _meta " + badKey
	}
	return meta, ""
}

// idempotencyKey is the argument of the tools that create something.
func (f *fields) idempotencyKey() string {
	const name = keyArgument
	s, given := f.text(name, exampleKey)
	switch {
	case given && strings.TrimSpace(s) == "":
		f.add(name, "is empty: leave it out, or give each thing to be done one of its own, such as %s", exampleKey)
	case given && (len(s) > maxKey || strings.ContainsFunc(s, args.IsInvisible) || strings.TrimSpace(s) != s):
		f.add(name, "%s", badKey)
	}
	return s
}

const (
	keyArgument = "idempotency_key"

	maxKey     = 200
	exampleKey = `"6f1c2d7e-8a4b-4c1e-9f3d-2b7a5e9c0d11"`
	badKey     = "must be 1 to 200 bytes without line breaks and without space around them, such as a new UUID for each thing to be done."
)
