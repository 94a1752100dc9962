package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kind is what a fault does.
type kind string

const (
	dropBeforeCommit kind = "drop_before_commit"
	dropAfterCommit  kind = "drop_after_commit"
	statusFault      kind = "status"
	delayFault       kind = "delay"
	commitLate       kind = "commit_late"
)

// maxDelay bounds a delay, so that a server that is shutting down does not wait for ever; maxLate
// bounds how long after its request something is committed.
const (
	maxDelay = 10 * time.Minute
	maxLate  = 24 * time.Hour
)

// fault is something that goes wrong with the next Count requests of an operation, as it is in
// JSON.
type fault struct {
	Operation   string `json:"operation"`
	Kind        kind   `json:"kind"`
	Count       *int   `json:"count,omitempty"`        // default 1
	Status      int    `json:"status,omitempty"`       // of kind status, and if given of commit_late
	RetryAfter  *int   `json:"retry_after,omitempty"`  // with a status, seconds
	Body        string `json:"body,omitempty"`         // with a status
	ContentType string `json:"content_type,omitempty"` // with a status
	MS          int    `json:"ms,omitempty"`           // of kinds delay and commit_late
	AfterCommit bool   `json:"after_commit,omitempty"` // of kinds status and delay
}

// parseFault reads a fault and says everything that is wrong with it. Only an operation that
// changes something can be late with it.
func parseFault(data []byte, operations, changing []string) (fault, error) {
	var f fault
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return f, fmt.Errorf("this is not a fault: %s; fields are operation, kind, count, status, retry_after, body, "+
			"content_type, ms, after_commit", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return f, errors.New("there is something after the fault; send one JSON object")
	}
	if f.Count == nil {
		f.Count = new(1)
	}
	var errs []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	require(slices.Contains(operations, f.Operation), "operation %q is unknown; there are %s",
		f.Operation, strings.Join(operations, ", "))
	require(*f.Count >= 1, "count is %d; it must be 1 or more", *f.Count)

	answers := f.Status != 0 || f.RetryAfter != nil || f.Body != "" || f.ContentType != ""
	if f.Kind == statusFault || f.Kind == commitLate && answers {
		require(f.Status >= 200 && f.Status <= 599, "status is %d; it must be from 200 to 599", f.Status)
		require(f.RetryAfter == nil || *f.RetryAfter >= 0, "retry_after must be 0 seconds or more")
		bodiless := f.Status == http.StatusNoContent || f.Status == http.StatusNotModified
		require(!bodiless || f.Body == "", "an answer with status %d has no body", f.Status)
	}
	switch f.Kind {
	case dropBeforeCommit, dropAfterCommit, commitLate:
		require(!f.AfterCommit, "after_commit belongs to status and delay; the kinds %s, %s and %s say it themselves",
			dropBeforeCommit, dropAfterCommit, commitLate)
	case statusFault:
	case delayFault:
		longest := int(maxDelay.Milliseconds())
		require(f.MS >= 1 && f.MS <= longest, "ms is %d; kind delay needs 1 to %d", f.MS, longest)
	default:
		require(false, "kind %q is unknown; there are %s, %s, %s, %s, %s",
			f.Kind, dropBeforeCommit, dropAfterCommit, statusFault, delayFault, commitLate)
		return f, errors.Join(errs...)
	}
	require(f.Kind == statusFault || f.Kind == commitLate || !answers,
		"status, retry_after, body and content_type belong to kinds status and commit_late")
	require(f.Kind == delayFault || f.Kind == commitLate || f.MS == 0, "ms belongs to kinds delay and commit_late")
	if f.Kind == commitLate {
		longest := int(maxLate.Milliseconds())
		require(f.MS >= 1 && f.MS <= longest, "ms is %d; kind commit_late needs 1 to %d", f.MS, longest)
		require(slices.Contains(changing, f.Operation), "operation %q commits nothing that could be late; these do: %s",
			f.Operation, strings.Join(changing, ", "))
	}
	return f, errors.Join(errs...)
}

// faultQueue holds the faults still to come, in the order they were put in.
type faultQueue []fault

// take spends one fault of an operation.
func (q *faultQueue) take(operation string) (fault, bool) {
	i := slices.IndexFunc(*q, func(f fault) bool { return f.Operation == operation })
	if i < 0 {
		return fault{}, false
	}
	f := (*q)[i]
	if left := *f.Count - 1; left > 0 {
		(*q)[i].Count = &left
	} else {
		*q = slices.Delete(*q, i, i+1)
	}
	return f, true
}

// faulty carries a request out with the fault that waits for it, if there is one. carryOut does it
// now and gives what sends the regular answer; later has it done after a time, and is not called
// for an operation that changes nothing. What a fault answers does not pass the document's check.
func (s *Sandbox) faulty(
	w http.ResponseWriter, r *http.Request, operation string, carryOut func() (send func()), later func(time.Duration),
) {
	s.mu.Lock()
	f, ok := s.faults.take(operation)
	s.mu.Unlock()
	if !ok {
		carryOut()()
		return
	}
	s.options.Logger.Debug("sandbox: fault", "operation", operation, "kind", string(f.Kind))
	switch f.Kind {
	case dropBeforeCommit:
		panic(http.ErrAbortHandler)
	case dropAfterCommit:
		carryOut()
		panic(http.ErrAbortHandler)
	case statusFault:
		if f.AfterCommit {
			carryOut()
		}
		s.writeFault(w, f)
	case delayFault:
		wait := time.Duration(f.MS) * time.Millisecond
		if f.AfterCommit {
			send := carryOut()
			if sleep(r.Context(), wait) {
				send()
			}
		} else if sleep(r.Context(), wait) {
			carryOut()()
		}
	case commitLate:
		later(time.Duration(f.MS) * time.Millisecond)
		if f.Status == 0 {
			panic(http.ErrAbortHandler)
		}
		s.writeFault(w, f)
	}
}

func (s *Sandbox) writeFault(w http.ResponseWriter, f fault) {
	if f.RetryAfter != nil {
		w.Header().Set("Retry-After", strconv.Itoa(*f.RetryAfter))
	}
	if f.ContentType != "" {
		w.Header().Set("Content-Type", f.ContentType)
	}
	switch {
	case f.Body != "":
		writeRaw(w, f.Status, []byte(f.Body))
	case f.Status < http.StatusBadRequest:
		writeRaw(w, f.Status, nil)
	default:
		s.write(w, refuseBare(f.Status))
	}
}

// sleep reports whether the whole time passed before the client went away.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
