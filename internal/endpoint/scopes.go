package endpoint

import (
	"context"
	"errors"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

const methodCallTool = "tools/call"

// scopes are what all the calls of a body need together; none if it calls no tool of ours. writes
// says that one of the calls may change something. Both go by the body alone: the headers that
// mirror it are the client's word.
func (e *Endpoint) scopes(env *envelope) (scopes []string, writes bool) {
	for _, call := range env.calls {
		if scope := e.opts.Tools.Scope(call.name); scope != "" && !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
		reads, ours := e.readOnly[call.name]
		writes = writes || ours && !reads
	}
	slices.Sort(scopes)
	return scopes, writes
}

// errGrantUnconfirmed refuses a call that may change something while nobody can tell whether its
// grant still stands.
var errGrantUnconfirmed = errors.New("endpoint: the grant of a call that changes something is not confirmed")

// admit asks once whether the caller may make all the calls of a body, and for what they are made
// with. A handler makes no call that is not one of these.
func (e *Endpoint) admit(ctx context.Context, q *request.Request, env *envelope) error {
	scopes, writes := e.scopes(env)
	if len(scopes) > 0 && e.opts.Auth != nil {
		if err := e.opts.Auth.Require(ctx, scopes); err != nil {
			return err
		}
	}
	switch {
	case writes && q.Caller.GrantUnconfirmed:
		return errGrantUnconfirmed
	case len(scopes) == 0 || e.opts.Credentials == nil:
		return nil
	}
	var err error
	q.Credential, err = e.opts.Credentials.Find(ctx)
	return err
}
