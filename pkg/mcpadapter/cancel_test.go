package mcpadapter

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestABatchThatIsCanceledSaysWhatWasDone(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	var sizes []int
	made := creating(t, &sizes)
	tools, _ := newTools(t, func(r *http.Request) (*http.Response, error) {
		if len(sizes) == 1 {
			cancel(ErrCanceled) // the part under way is finished
		}
		return made(r)
	}, func(o *Options) { o.BatchSize = 1 })
	r := tools.Call(ctx, Call{Tool: "create_contacts_batch", Arguments: json.RawMessage(batchOf(4, ""))})
	b := resultOf(t, r)
	if len(sizes) != 2 || b.Created != 2 || b.NotAttempted != 2 || len(b.Problems) != 1 ||
		b.Problems[0].Reason != "The client canceled the call before it was this contact's turn." {
		t.Errorf("parts %v, %s", sizes, r.Result.Text)
	}
}

// The last look before a request is handed over comes when its record says that it is going to be.
func TestWhatIsCanceledBeforeItIsHandedOverIsNotDone(t *testing.T) {
	for _, c := range goodCalls() {
		if c.Tool == "get_messages" {
			continue
		}
		t.Run(c.Tool, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			var told Attempted
			_, remember := remembering(func(ctx context.Context, w task) Verdict {
				told = w.Attempt(ctx, func(context.Context) error {
					cancel(ErrCanceled)
					return nil
				})
				return Verdict{State: Executed, Result: told.Result}
			})
			a := &allowance{}
			tools, far := newTools(t, answersOf(t), remember, a.set)
			if !strings.HasPrefix(c.Tool, "send_") && !strings.HasPrefix(c.Tool, "create_") {
				cancel(ErrCanceled)
			}
			r := tools.Call(ctx, c)
			if len(far.requests) != 0 || !r.Result.IsError || !r.Result.NoEffect || !strings.Contains(r.Result.Text, "The call was canceled.") || r.Facts.Outcome != OutcomeCanceled {
				t.Errorf("%d requests, %+v", len(far.requests), r)
			}
			if told.Outcome == clerkapi.NotDone && strings.HasPrefix(c.Tool, "create_") && !told.Canceled {
				t.Errorf("attempted: %+v", told)
			}
			if c.Tool == "send_message" && a.unsent != 1 {
				t.Errorf("given back %d times", a.unsent)
			}
		})
	}
}

func TestACallThatIsCanceledWhileItWaitsSaysSo(t *testing.T) {
	for _, state := range []State{Queued, StoreDown} {
		for _, tool := range []string{"send_message", "create_contacts_batch"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			_, remember := remembering(func(context.Context, task) Verdict {
				cancel(ErrCanceled)
				return Verdict{State: state}
			})
			tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.BatchSize = 1 })
			arguments := sendArguments
			if tool != "send_message" {
				arguments = batchOf(2, "")
			}
			r := tools.Call(ctx, Call{Tool: tool, Arguments: json.RawMessage(arguments)})
			if !r.Result.NoEffect || !strings.Contains(r.Result.Text, "canceled") || r.Facts.Outcome != OutcomeCanceled {
				t.Errorf("%v, %s: %+v", state, tool, r)
			}
		}
	}
}
