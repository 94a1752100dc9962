package endpoint

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Sessions is the table of legacy sessions. Its errors are session.ErrNotFound and
// session.ErrUnavailable.
type Sessions interface {
	Create(ctx context.Context, info session.Info) (*session.Session, error)
	Resume(ctx context.Context, id, subject string) (*session.Session, error)
	End(ctx context.Context, id, subject string) error
}

// findSession opens the session that a legacy request names. A request without one is served unless
// sessions are required.
func (e *Endpoint) findSession(r *http.Request, subject string) (*session.Session, *rpcError) {
	id := r.Header.Get(SessionHeader)
	if id == "" {
		if e.opts.RequireSession {
			return nil, &errSessionMissing
		}
		return nil, nil
	}
	s, err := e.opts.Sessions.Resume(r.Context(), id, subject)
	if err != nil {
		return nil, e.sessionRefusal(r, err)
	}
	return s, nil
}

// refuseMethod answers what is neither POST nor DELETE.
func (e *Endpoint) refuseMethod(w http.ResponseWriter, r *http.Request) {
	refusal := errHTTPMethod
	w.Header().Set("Allow", "POST, DELETE")
	if era := newEra(r.Header, e.versions); era.isModern(era.version) {
		refusal.message = "this endpoint takes POST"
		w.Header().Set("Allow", "POST")
	}
	refusal.write(w, nil)
}

// endSession is DELETE: it ends the session for every replica.
func (e *Endpoint) endSession(w http.ResponseWriter, r *http.Request) {
	era := newEra(r.Header, e.versions)
	switch repeated, version := era.checkRepeated(false), era.checkLegacy(); {
	case repeated != nil:
		repeated.write(w, nil)
		return
	case version != nil:
		version.write(w, nil)
		return
	case era.isModern(era.version):
		e.refuseMethod(w, r)
		return
	}
	id := r.Header.Get(SessionHeader)
	if id == "" {
		errSessionMissing.write(w, nil)
		return
	}
	leave, refusal := e.enter(r)
	defer leave()
	if refusal != nil {
		refusal.write(w, nil)
		return
	}
	if err := e.opts.Sessions.End(r.Context(), id, request.From(r.Context()).Caller.Subject); err != nil {
		e.sessionRefusal(r, err).write(w, nil)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// sessionRefusal is the one translation of the session table's errors.
func (e *Endpoint) sessionRefusal(r *http.Request, err error) *rpcError {
	if errors.Is(err, session.ErrNotFound) {
		return &errSessionGone
	}
	// Whatever else it is, it is not the client's session that is at fault.
	e.warn(r.Context(), "session store", err)
	return &errUnavailable
}

// warnedPerMinute is how often operators are told of the same trouble with the store of sessions,
// which each request meets.
const warnedPerMinute = 5

// warn tells operators of the store of sessions.
func (e *Endpoint) warn(ctx context.Context, trouble string, err error) {
	e.told.Log(ctx, e.opts.Logger, time.Now(), trouble, warnedPerMinute, slog.LevelWarn, trouble, "error", err)
}

// mintSession gives every successful initialize a session, before the SDK writes its answer. A
// stale id that the client still sends has no meaning here.
func (e *Endpoint) mintSession(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		result, err := next(ctx, method, req)
		if method != methodInitialize || err != nil {
			return result, err
		}
		w := stateOf(ctx).writer
		params, _ := req.GetParams().(*mcp.InitializeParams)
		init, _ := result.(*mcp.InitializeResult)
		if w == nil || params == nil || init == nil {
			return result, nil
		}
		info := session.Info{
			Subject:      request.From(ctx).Caller.Subject,
			Version:      init.ProtocolVersion,
			Capabilities: capabilities(params.Capabilities),
		}
		if params.ClientInfo != nil {
			info.ClientName, info.ClientVersion = params.ClientInfo.Name, params.ClientInfo.Version
		}
		s, err := e.opts.Sessions.Create(ctx, info)
		if err != nil {
			// A client without an id is served as well; it only is not known by name.
			e.warn(ctx, "no session for an initialize", err)
			return result, nil
		}
		w.beginSession(s.ID)
		return result, nil
	}
}

// capabilities keeps what a client can do as bits.
func capabilities(c *mcp.ClientCapabilities) session.Capabilities {
	var bits session.Capabilities
	if c == nil {
		return bits
	}
	if c.Sampling != nil { //nolint:staticcheck // deprecated for the modern era, alive in the legacy one
		bits |= session.CanSample
	}
	if c.Elicitation != nil {
		bits |= session.CanElicit
	}
	if c.RootsV2 != nil { //nolint:staticcheck // as above
		bits |= session.HasRoots
	}
	return bits
}
