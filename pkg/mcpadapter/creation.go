package mcpadapter

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// creation is a request that creates something.
type creation interface {
	request
	// asked is everything that is asked for, in its normal form, the same however often it is asked for.
	asked() any
}

// visible is a creation that leaves something that can be looked at.
type visible interface {
	creation
	// likeness is what can be seen of it, the same for all that look alike.
	likeness() any
	// distinct tells whether what can be seen is all that matters.
	distinct() bool
	// look finds what looks like it and was made at or after a time.
	look(ctx context.Context, api *clerkapi.Client, since time.Time) ([]Sighting, error)
}

// executeOnce executes a plan unless a call under the same key did.
func (t *Tools) executeOnce(ctx context.Context, tool *tool, p plan, c Call, hold *hold) Report {
	ctx, cancel := context.WithTimeout(ctx, t.budget)
	defer cancel()
	work, wrong := workOf(tool, p, c)
	if wrong != "" {
		return withoutEffect(joined([]string{wrong, tool.words.nothing}), Facts{Outcome: OutcomeInvalid, Path: PathRefused})
	}
	if v, ok := p.request.(visible); ok {
		work.Likeness = digest(tool.name, v.likeness())
		if v.distinct() {
			work.Look = func(ctx context.Context, since time.Time) ([]Sighting, error) {
				return t.look(ctx, v, c.Subject, since)
			}
		}
	}
	last := t.attempt(&work, tool, p, c, hold)
	finding := t.once.Do(ctx, work)
	return t.conclude(tool, p, work, *last, finding)
}

// workOf is a plan as a piece of work, but for how it is done. wrong says what is wrong with its key.
func workOf(tool *tool, p plan, c Call) (w Work, wrong string) {
	w = Work{
		Subject: c.Subject, Tenant: c.Tenant, Tool: tool.name,
		Digest: digest(tool.name, p.request.(creation).asked()), // every tool that creates something has such a request
		Trace:  c.trace(),
	}
	if c.IdempotencyKey != "" && !tool.named {
		return w, "This server does not remember idempotency keys, so it cannot keep a call that has one in _meta from being done twice."
	}
	w.Key, wrong = oneKey(p.key, c.IdempotencyKey)
	return w, wrong
}

func (c *Call) trace() Trace {
	return Trace{ProxyRequestID: c.ProxyRequestID, Session: c.Session, RequestID: c.RequestID, Held: c.Held}
}

// create carries out what creates something, in one piece or in parts.
func (t *Tools) create(ctx context.Context, tool *tool, p plan, c Call, hold *hold) (report Report) {
	if tool.execute != nil {
		report = tool.execute(ctx, t, tool, p, c, hold)
	} else {
		report = t.executeOnce(ctx, tool, p, c, hold)
	}
	report.Facts.Unrecognizable = p.key == "" && c.IdempotencyKey == "" && !c.trace().Recognizable()
	return report
}

// attempt makes the work the execution of a plan, and gives where the latest one of this call is kept.
func (t *Tools) attempt(w *Work, tool *tool, p plan, c Call, hold *hold) (last *executed) {
	last = &executed{}
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) Made {
		*last = t.execute(ctx, tool, p, c.Subject, func(ctx context.Context) error {
			err := commit(ctx)
			if err == nil {
				hold.take()
			}
			return err
		})
		return Made{Outcome: last.outcome, ID: last.id, Result: last.report.Result}
	}
	return last
}

// look looks with the caller's credential.
func (t *Tools) look(ctx context.Context, v visible, subject string, since time.Time) ([]Sighting, error) {
	credential, err := t.credentials.Credential(ctx, subject)
	if err != nil {
		return nil, err
	}
	var found []Sighting
	err = t.renewing(ctx, subject, credential, func(api *clerkapi.Client) (err error) {
		found, err = v.look(ctx, api, since)
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

// oneKey is the key of a call that may have named it in two places.
func oneKey(argument, meta string) (key, wrong string) {
	switch {
	case meta == "":
		return argument, ""
	case argument != "" && argument != meta:
		return "", "The argument idempotency_key and the one in _meta are not the same: give one of them."
	case len(meta) > maxKey || strings.ContainsFunc(meta, isInvisible) || strings.TrimSpace(meta) != meta:
		return "", "The idempotency key in _meta " + badKey
	}
	return meta, ""
}

// idempotencyKey is the argument of the tools that create something.
func (f *fields) idempotencyKey() string {
	const name = "idempotency_key"
	s, given := f.text(name, exampleKey)
	if given && (s == "" || len(s) > maxKey || strings.ContainsFunc(s, isInvisible) || strings.TrimSpace(s) != s) {
		f.add(name, "%s", badKey)
	}
	return s
}

const (
	maxKey     = 200
	exampleKey = `"6f1c2d7e-8a4b-4c1e-9f3d-2b7a5e9c0d11"`
	badKey     = "must be 1 to 200 bytes without line breaks and without space around them, such as a new UUID for each thing to be done."
)
