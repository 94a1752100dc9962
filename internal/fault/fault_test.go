package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
)

type told struct{ error }

func (told) LogReason() string { return "why" }
func (told) Rule() string      { return "sub=ann" }
func (e told) Unwrap() error   { return e.error }

func TestAnswerToAnError(t *testing.T) {
	cause := errors.New("the cause")
	err := fmt.Errorf("wrapped: %w", &fault.Error{Kind: fault.Busy, Public: "later", RetryAfter: time.Second, Cause: told{cause}})
	got := fault.Of(err)
	if got.Kind != fault.Busy || got.Public != "later" || got.PublicText() != "later" || got.RetryAfter != time.Second || !errors.Is(err, cause) {
		t.Errorf("%+v", got)
	}
	if fault.LogReason(err) != "why" || fault.Rule(err) != "sub=ann" {
		t.Errorf("%q, %q", fault.LogReason(err), fault.Rule(err))
	}
	if got := fault.Of(cause); got.Kind != "" || got.Error() != "the cause" || fault.LogReason(cause) != "" || fault.Rule(cause) != "" {
		t.Errorf("an error without an answer: %+v", got)
	}
	if got := fault.Of(nil); got.Kind != "" || got.Cause != nil {
		t.Errorf("no error: %+v", got)
	}
	if text := (&fault.Error{Kind: fault.Denied, Public: "no"}).Error(); text != "denied: no" {
		t.Error(text)
	}
}
