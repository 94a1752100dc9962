package authserver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

const (
	maxLoggedPath = 200
	// retryDocument is when to come back to a host that did not give a document.
	retryDocument = 10 * time.Second
	// latelyPeriod is how often a refresh asks for the document of its client, and how often it is
	// logged that one cannot be fetched.
	latelyPeriod = 5 * time.Minute
	maxLately    = 500
)

// unfetched says that nobody knows what a document says.
type unfetched struct {
	status int    // that its host answered, 0 for none
	cause  string // one word
	public *Error // what to say where nothing else serves
}

func (u *unfetched) Error() string { return "authserver: a document was not fetched: " + u.cause }

// newUnfetched is for a host that did not answer. Which way of not answering it was is for the log
// only: whoever chose the host would learn what this server can see of its network.
func newUnfetched(id string, failed *netx.FetchError) *unfetched {
	host, _ := placeOf(id)
	u := &unfetched{cause: "network", public: &Error{
		kind: temporarilyUnavailable, retryAfter: retryDocument, deployment: true,
		description: "this server could not fetch the client metadata document of the app from " + host + "; try again shortly. If it goes on, " +
			"the operator of this server has to let it reach that host on port 443, or set " + setting.EgressProxyFlag,
	}}
	if failed == nil {
		return u
	}
	if u.cause = failed.Cause; u.cause == "not_allowed" { // coming back does not help
		u.public = &Error{
			kind: temporarilyUnavailable, deployment: true,
			description: "this server may not fetch the client metadata document of the app from " + host + "; its operator has to allow that host " +
				"with " + setting.ClientDocumentHostsFlag,
		}
	}
	return u
}

// refusedByHost is for a host that gave another answer than a document. Some are how hosts keep
// servers like this one out, for now or for good, and say nothing about the client; no other is a
// document either.
func refusedByHost(id string, status int) *unfetched {
	host, _ := placeOf(id)
	u := &unfetched{status: status, cause: "status"}
	if status >= 500 || slices.Contains([]int{http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests}, status) {
		u.public = &Error{
			kind: temporarilyUnavailable, retryAfter: retryDocument, deployment: true,
			description: fmt.Sprintf("%s did not give this server the client metadata document of the app, it answered %d; try again shortly. "+
				"If it goes on, that host may be keeping the network of this server out, and its operator can set "+setting.EgressProxyFlag, host, status),
		}
		return u
	}
	u.public = badDocument("must be answered with 200 and without redirects; its host answers %d", status)
	return u
}

// instead serves a client whose document cannot be fetched: from what is kept, or else from what is
// built in.
func (d *Documents) instead(ctx context.Context, id string, why *unfetched) (*client, error) {
	doc := d.kept(ctx, grant.ClientRef(id))
	if doc != nil {
		d.tell(ctx, &d.told, id, why, "serves", "kept", "age", d.age(doc).Round(time.Second).String())
		return doc.client(), nil
	}
	if c, ok := builtIn(id); ok {
		d.tell(ctx, &d.told, id, why, "serves", "built-in")
		return c, nil
	}
	d.tell(ctx, &d.toldUnknown, id, why, "serves", "nothing")
	return nil, why.public
}

// tell logs that a document cannot be fetched, now and then for each.
func (d *Documents) tell(ctx context.Context, told *lately, id string, why *unfetched, more ...any) {
	if !told.first(fmt.Sprint(grant.ClientRef(id), " ", why.cause, " ", why.status), d.Now()) {
		return
	}
	host, path := placeOf(id)
	d.Logger.WarnContext(ctx, "a client's metadata document could not be fetched",
		append([]any{"host", host, "path", path, "status", why.status, "cause", why.cause}, more...)...)
}

// lately remembers what was done in the last minutes, so that it is not done again. The zero value
// is ready.
type lately struct {
	mu   sync.Mutex
	when map[string]time.Time
}

// first reports whether something was not done lately, and remembers it. Where too much was,
// nothing is the first: neither a log nor a host is flooded by whoever makes names up.
func (l *lately) first(name string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at, ok := l.when[name]; ok && now.Sub(at) < latelyPeriod {
		return false
	}
	if len(l.when) >= maxLately {
		for other, at := range l.when {
			if now.Sub(at) >= latelyPeriod {
				delete(l.when, other)
			}
		}
	}
	if _, known := l.when[name]; !known && len(l.when) >= maxLately {
		return false
	}
	if l.when == nil {
		l.when = map[string]time.Time{}
	}
	l.when[name] = now
	return true
}

func (l *lately) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.when, name)
}
