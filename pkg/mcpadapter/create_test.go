package mcpadapter

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestATimeIsTheSameInEveryZone(t *testing.T) {
	m, remember := remembering(attempted)
	tools, _ := newTools(t, answersOf(t), remember)
	for _, timestamp := range []string{"2026-11-23T11:00:00Z", "2026-11-23T12:00:00+01:00", "2026-11-23 06:00-05"} {
		call(t, tools, "create_campaign", strings.Replace(campaignArguments, `"body"`, `"timestamp":"`+timestamp+`","body"`, 1))
	}
	if len(m.works) != 3 || m.works[0].Digest != m.works[1].Digest || m.works[0].Digest != m.works[2].Digest {
		t.Error("the same call is another one in another zone")
	}
}

func TestAKeyThatNobodyRemembersIsRefusedInMetaToo(t *testing.T) {
	tools, api := newTools(t, answersOf(t))
	for _, c := range creatingCalls() {
		c.IdempotencyKey = "k"
		if r := tools.Call(t.Context(), c); !r.Result.NoEffect || r.Facts.Outcome != OutcomeInvalid {
			t.Errorf("%s: %s", c.Tool, r.Result.Text)
		}
	}
	if n := len(api.sent()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestWrongArgumentsOfWhatCreatesSomethingAreARefusal(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	for tool, want := range map[string]Disposition{"send_message": DispositionNotExecuted, "get_messages": DispositionNone} {
		if r := call(t, tools, tool, `{"nonsense":1}`); r.Facts.Disposition != want || !r.Result.NoEffect {
			t.Errorf("%s: path %v, no effect %v", tool, r.Facts.Disposition, r.Result.NoEffect)
		}
	}
}

func TestACallWhoseTimeIsOverIsNotSaidToBeCanceled(t *testing.T) {
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		<-ctx.Done()
		return attempted(ctx, w)
	})
	tools, api := newTools(t, answersOf(t), remember, func(o *Options) { o.Budget = time.Nanosecond })
	r := call(t, tools, "send_message", sendArguments)
	if want := "The time for this call ended before it was its turn. Nothing was sent."; !strings.HasPrefix(r.Result.Text, want) ||
		r.Facts.Outcome != OutcomeUnavailable || len(api.sent()) != 0 {
		t.Errorf("%v: %s", r.Facts.Outcome, r.Result.Text)
	}
}

// lastCredential is refused, and renewed once.
type lastCredential struct{}

func (lastCredential) Credential(context.Context, string) (clerkapi.Credential, error) {
	return clerkapi.APIKey("old"), nil
}

func (lastCredential) Renewed(context.Context, string, clerkapi.Credential) (clerkapi.Credential, error) {
	return clerkapi.APIKey("new"), nil
}

func TestACredentialThatEndsAfterTheMessageDoesNotEndLookingForIt(t *testing.T) {
	var found []Match
	var err error
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		found, err = w.Search(ctx, testNow())
		return Verdict{State: Indeterminate, Earlier: true}
	})
	tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("apiKey") == "old" {
			return response(401, "")(r)
		}
		return page(messageJSON)(r)
	}, remember, func(o *Options) { o.Credentials = lastCredential{} })
	call(t, tools, "send_message", sendArguments)
	if err != nil || len(found) != 1 {
		t.Errorf("found %d, %v", len(found), err)
	}
}

func TestMessagesThatWereNotSentAreGivenBackThoughTheClientIsGone(t *testing.T) {
	a := &allowance{}
	gone, leave := context.WithCancel(t.Context())
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		w.Attempt(ctx, func(context.Context) error {
			leave()
			return context.Canceled
		})
		return Verdict{State: StoreDown}
	})
	tools, _ := newTools(t, answersOf(t), remember, a.set)
	tools.Call(gone, Call{Tool: "send_message", Arguments: json.RawMessage(sendArguments)})
	if a.unsent != 1 {
		t.Errorf("given back %d times", a.unsent)
	}
}
