package mcpadapter

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// subjects notes for whom credentials were asked.
type subjects struct{ asked []string }

func (s *subjects) Credential(_ context.Context, subject string) (clerkapi.Credential, error) {
	s.asked = append(s.asked, subject)
	return clerkapi.APIKey("key"), nil
}

// mount gives the session of a client whose server has the tools that register mounts. A user is
// whom its token is for.
func mount(t *testing.T, user string, register func(*mcp.Server)) *mcp.ClientSession {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "another"}, nil)
	register(server)
	server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
			if call, ok := req.(*mcp.CallToolRequest); ok && user != "" {
				call.Extra = &mcp.RequestExtra{TokenInfo: &auth.TokenInfo{UserID: user}}
			}
			return next(ctx, method, req)
		}
	})
	ours, theirs := mcp.NewInMemoryTransports()
	serving, err := server.Connect(t.Context(), ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "client"}, nil).Connect(t.Context(), theirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = session.Close()
		_ = serving.Wait()
	})
	return session
}

func listed(t *testing.T, session *mcp.ClientSession) []string {
	t.Helper()
	names := map[string]bool{}
	for tool, err := range session.Tools(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		names[tool.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func sent(t *testing.T) func(*http.Request) (*http.Response, error) {
	t.Helper()
	return response(201, `{"data": {"id": 42, "status": "sending"}}`)
}

var aMessage = map[string]any{"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": "Hello"}

func TestRegisterMountsEveryTool(t *testing.T) {
	tools, _ := newTools(t, sent(t))
	var want []string
	for _, tool := range Catalog() {
		want = append(want, tool.Name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, listed(t, mount(t, "", tools.Register))); diff != "" {
		t.Error(diff)
	}
}

func TestRegisterOfASubsetMountsItsToolsOnly(t *testing.T) {
	tools, _ := newTools(t, sent(t))
	some, err := tools.Subset([]string{"get_messages"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"get_messages"}, listed(t, mount(t, "", some.Register))); diff != "" {
		t.Error(diff)
	}
}

func TestRegisteredToolCallsAsTheUserOfTheToken(t *testing.T) {
	for _, user := range []string{"", "ann"} {
		who := &subjects{}
		tools, _ := newTools(t, sent(t), func(o *Options) { o.Credentials = who })
		r, err := mount(t, user, tools.Register).CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: aMessage})
		if err != nil {
			t.Fatal(err)
		}
		if r.IsError || r.StructuredContent == nil || r.Meta[MetaDisposition] != "executed" {
			t.Errorf("%q: %+v", user, r)
		}
		if diff := cmp.Diff([]string{user}, who.asked); diff != "" {
			t.Error(diff)
		}
	}
}

func TestRegisteredToolRefusesABadKeyInMeta(t *testing.T) {
	for _, key := range []any{"", 7, nil, []string{"k"}} {
		who := &subjects{}
		tools, _ := newTools(t, sent(t), func(o *Options) { o.Credentials = who })
		_, err := mount(t, "", tools.Register).CallTool(t.Context(), &mcp.CallToolParams{
			Name: "send_message", Arguments: aMessage, Meta: mcp.Meta{MetaIdempotencyKey: key}})
		if err == nil || !strings.Contains(err.Error(), "nothing was done") || len(who.asked) != 0 {
			t.Errorf("%v: %v, asked for %v", key, err, who.asked)
		}
	}
}

func TestRegisteredToolSaysWhatIsWrongWithArguments(t *testing.T) {
	tools, _ := newTools(t, sent(t))
	r, err := mount(t, "", tools.Register).CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: map[string]any{}})
	if err != nil || !r.IsError || r.Meta[MetaDisposition] != "not_executed" {
		t.Errorf("%+v, %v", r, err)
	}
}
