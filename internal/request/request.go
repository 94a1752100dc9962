package request

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// Request is what is known of a request. A field is written once, before anything that reads it
// begins. The zero value is a request of which nothing is known yet.
type Request struct {
	// ID names the request in logs and in its answer. IDGiven says that a trusted proxy gave it,
	// which keeps it when it sends the request once more, so that two requests of one id are the
	// same one.
	ID      string
	IDGiven bool
	// Address is the client's, as far as trusted proxies tell; invalid if it is not known.
	Address netip.Addr
	// Proxied says that the connection is a trusted proxy's.
	Proxied bool

	// Caller is who makes the request.
	Caller identity.Caller
	// Token is the access token that the request came with, where it is sent on to a token
	// endpoint; else empty.
	Token Token
	// Resource is what a challenge says, nil if nobody looked at the request's token.
	Resource *Resource

	// Client is the program that calls, as far as it told.
	Client identity.Client
	// Credential is what calls are made with, nil if each call finds its own.
	Credential *Credential

	// SignIn is what internal/upstream has read for this request, and Endpoint what
	// internal/endpoint keeps for its handlers. Nobody else looks into them.
	SignIn, Endpoint any
}

// Resource is the protected resource that a request is for, as challenges name it.
type Resource struct {
	MetadataURL string
	// Scopes are all that its tools need, as clients ask for them.
	Scopes []string
}

type key struct{}

// with is the one place where something is put into a context.
func with(ctx context.Context, value any) context.Context {
	return context.WithValue(ctx, key{}, value)
}

// With is the context of a request.
func With(ctx context.Context, q *Request) context.Context { return with(ctx, q) }

// From is the request of a context. A context without one has a request of which nothing is known,
// and which nobody else sees.
func From(ctx context.Context) *Request {
	if q, ok := ctx.Value(key{}).(*Request); ok {
		return q
	}
	return &Request{}
}

// Enter gives a copy of an HTTP request for a stage to change, and what is known of it. The first
// stage begins that.
func Enter(r *http.Request) (*http.Request, *Request) {
	ctx := r.Context()
	q, ok := ctx.Value(key{}).(*Request)
	if !ok {
		q = &Request{}
		ctx = With(ctx, q)
	}
	return r.WithContext(ctx), q
}

// connection is what a context has before any request came on it.
type connection struct{ net.Conn }

// WithConn is the context of a connection. What is known of one of its requests takes its place.
func WithConn(ctx context.Context, conn net.Conn) context.Context { return with(ctx, connection{conn}) }

// Conn is the connection of a context to which no request was added, nil without one.
func Conn(ctx context.Context) net.Conn {
	c, _ := ctx.Value(key{}).(connection)
	return c.Conn
}
