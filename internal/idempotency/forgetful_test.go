package idempotency_test

import (
	"context"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func executeOnOutage(o *idempotency.Options) { o.ExecuteOnOutage = true }

func TestWhatRanInAnOutageIsRecordedAfterIt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2, executeOnOutage)
		var a api
		for _, op := range []string{"Add", "Replace"} {
			w := a.message("", "text"+op, outcome{})
			w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
			p[0].lostAfter(op)
			first := want(t, p[0], w, mcpadapter.Executed)
			p[0].line.away(false)
			time.Sleep(5 * time.Second)
			if again := want(t, p[1], w, mcpadapter.Replayed); again.Result.Text != first.Result.Text {
				t.Errorf("%s, not %s", again.Result.Text, first.Result.Text)
			}
		}
		// Unless another has done it as well by then: that one's answer stands.
		w := a.message("", "twice", outcome{})
		w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
		p[0].line.away(true)
		want(t, p[0], w, mcpadapter.Executed)
		second := want(t, p[1], w, mcpadapter.Executed)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		if again := want(t, p[1], w, mcpadapter.Replayed); again.Result.Text != second.Result.Text {
			t.Errorf("%s, not %s", again.Result.Text, second.Result.Text)
		}
		// A refusal does not undo what another has done.
		c := a.contact("", "Jane", outcome{refused: true})
		c.Retransmission = w.Retransmission
		p[0].line.away(true)
		want(t, p[0], c, mcpadapter.Executed)
		c.Attempt = a.contact("", "Jane", outcome{cut: true}).Attempt
		want(t, p[1], c, mcpadapter.Indeterminate)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		c.Attempt = a.contact("", "Jane", outcome{}).Attempt
		want(t, p[1], c, mcpadapter.Indeterminate)
	})
}

func TestExecuteOnOutageIsForCallsWithoutAKey(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2, executeOnOutage)
		var a api
		p[0].line.away(true)
		want(t, p[0], a.message("", "one", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("", "two", outcome{dropped: true}), mcpadapter.Indeterminate)
		want(t, p[0], a.message("k", "three", outcome{}), mcpadapter.StoreDown)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if f := do(ctx, p[0], a.message("", "four", outcome{})); f.State != mcpadapter.StoreDown {
			t.Error(stateName(f.State))
		}
		a.wantMade(t, "", 1)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		// By now it is known whose that was, and that something else is open.
		want(t, p[1], a.message("a", "one", outcome{dropped: true}), mcpadapter.NotFoundYet)
		want(t, p[1], a.message("b", "two", outcome{cut: true}), mcpadapter.Indeterminate)
	})
}

// Whoever sends without being noted as open cannot know who else does.
func TestWhatIsSentInAnOutageIsNotReconciled(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1, executeOnOutage)
		var a api
		p[0].line.once(fingerprints, "Add", before)
		want(t, p[0], a.message("", "text", outcome{cut: true}), mcpadapter.Indeterminate)
		a.wantMade(t, "", 1)
		want(t, p[0], a.message("", "another", outcome{cut: true}), mcpadapter.Reconciled)
	})
}

func TestExecuteOnOutageCoversAnOutageMidCall(t *testing.T) {
	for _, part := range []string{epochs, queues, fingerprints, operations} {
		inTime(t, func(t *testing.T) {
			_, p := running(t, 1, executeOnOutage)
			var a api
			w := a.message("", "text", outcome{})
			w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
			p[0].line.set(func(l *line) {
				added := false
				l.rule = func(at, op, _ string) fault {
					if at == operations && op == "Add" {
						added = true
						return noFault
					}
					if added && at == part {
						return before
					}
					return noFault
				}
			})
			want(t, p[0], w, mcpadapter.Executed)
			a.wantMade(t, "", 1)
			p[0].line.away(false)
			time.Sleep(5 * time.Second)
			want(t, p[0], w, mcpadapter.Replayed)
			w.Key = "k"
			w.Attempt = a.message("k", "text", outcome{}).Attempt
			p[0].line.set(func(l *line) {
				l.rule = func(at, op, _ string) fault {
					if at == part && (op == "Replace" || part == epochs) {
						return before
					}
					return noFault
				}
			})
			if f := do(t.Context(), p[0], w); part != fingerprints && part != queues && f.State != mcpadapter.StoreDown {
				t.Errorf("with a key, %s away: %s", part, stateName(f.State))
			}
		})
	}
}
