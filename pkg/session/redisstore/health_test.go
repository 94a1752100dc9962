package redisstore

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
)

// answers is a server that answers each command as the test says.
type answers struct {
	err   error
	asked bool
	call  redis.ProcessHook
	// during happens while a command is under way.
	during func()
}

func newAnswers(g *guard) *answers {
	a := &answers{}
	a.call = g.ProcessHook(func(context.Context, redis.Cmder) error {
		if a.asked = true; a.during != nil {
			a.during()
		}
		return a.err
	})
	return a
}

// do tells whether the server was asked.
func (a *answers) do(t *testing.T, answer error, command string) bool {
	return a.try(t, &attempt{timeout: time.Second}, answer, command)
}

func (a *answers) try(t *testing.T, as *attempt, answer error, command string) bool {
	a.err, a.asked = answer, false
	ctx := withValues(t.Context(), values{attempt: as})
	err := a.call(ctx, redis.NewCmd(ctx, command, "k"))
	if !a.asked && kindOfFailure(err) != CircuitOpen {
		t.Errorf("%s was not asked and failed with %v", command, err)
	}
	return a.asked
}

func kindOfFailure(err error) Kind {
	f, _ := errors.AsType[*Error](err)
	if f == nil {
		return ""
	}
	return f.Kind
}

// serverError is what Redis itself answers.
type serverError string

func (e serverError) Error() string { return string(e) }
func (serverError) RedisError()     {}

// full is Redis' answer; go-redis' own type cannot be made outside of it, so this one goes by its
// text.
var full error = serverError("MISCONF Redis is configured to save RDB snapshots")

func TestARestForWritesLeavesTheTryOfAnOutageToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAnswers(Options{}.withDefaults().guard())
		for range 3 { // until the next rest is at least half a second
			if !a.do(t, full, "set") {
				t.Fatal("a write was not tried")
			}
			if !a.do(t, nil, "get") || a.do(t, nil, "set") {
				t.Fatal("want reads asked and writes not")
			}
			time.Sleep(longestRest)
		}
		a.do(t, full, "set")
		a.do(t, io.EOF, "get")
		if a.do(t, nil, "get") {
			t.Fatal("a server that failed is asked at once")
		}
		time.Sleep(shortestRest)
		if a.do(t, nil, "evalsha") {
			t.Fatal("a write is asked during its rest")
		}
		if !a.do(t, nil, "get") {
			t.Error("a write that was not asked took the try")
		}
	})
}

// noAnswer is what a command ends with that was written and not answered.
var noAnswer error = &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}

func TestOnlyASilentServerIsFoundTooSlow(t *testing.T) {
	for name, tt := range map[string]struct {
		err     error
		callers bool // the time was the caller's
		heard   bool // something came from the server meanwhile
		rests   bool
	}{
		"no answer":                              {err: noAnswer, rests: true},
		"a dial without an answer":               {err: context.DeadlineExceeded, rests: true},
		"no answer, but others have theirs":      {err: noAnswer, heard: true},
		"no connection while others are served":  {err: context.DeadlineExceeded, heard: true},
		"a caller's own deadline":                {err: noAnswer, callers: true},
		"a dial cut off by a caller's deadline":  {err: context.DeadlineExceeded, callers: true},
		"a dial that hung whatever callers want": {err: &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, callers: true, rests: true},
		"no connection is free":                  {err: redis.ErrPoolTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := Options{}.withDefaults().guard()
				a := newAnswers(g)
				a.during = func() {
					time.Sleep(time.Second)
					if tt.heard {
						g.hear()
					}
				}
				as := &attempt{timeout: time.Second}
				if tt.callers {
					as.timeout = 0
				}
				a.try(t, as, tt.err, "get")
				if late := tt.heard || errors.Is(tt.err, redis.ErrPoolTimeout); as.late.Load() != late {
					t.Errorf("it was late: %v", as.late.Load())
				}
				a.during = nil
				if a.do(t, nil, "get") == tt.rests {
					t.Errorf("it rests: %v, want %v", !tt.rests, tt.rests)
				}
			})
		})
	}
}

// A process that has no processor time reads late what is there. It must not go on for ever,
// though.
func TestAStarvedProcessKnowsLittleOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := Options{}.withDefaults().guard()
		g.yield = func() { time.Sleep(time.Second / 8) }
		a := newAnswers(g)
		a.during = func() { time.Sleep(time.Second) }
		as := &attempt{timeout: time.Second}
		a.try(t, as, noAnswer, "get")
		if !as.late.Load() || !a.do(t, noAnswer, "get") {
			t.Fatal("it rests at once")
		}
		g.hear()
		for range 2 {
			if !a.do(t, noAnswer, "get") {
				t.Fatal("it rests, though the server had sent something")
			}
		}
		a.do(t, noAnswer, "get")
		if a.do(t, nil, "get") {
			t.Error("it never rests")
		}
	})
}

func TestWhatSetsUpAConnectionPasses(t *testing.T) {
	a := newAnswers(Options{}.withDefaults().guard())
	a.do(t, io.EOF, "get")
	for _, command := range []string{"hello", "auth", "client", "select"} {
		if !a.do(t, nil, command) {
			t.Errorf("%s is held back", command)
		}
	}
}

func TestChangesAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		a := newAnswers(Options{OnChange: func(kind Kind, up bool) {
			told = append(told, string(kind))
			if up != (kind == "") {
				t.Errorf("%q, up %v", kind, up)
			}
		}}.withDefaults().guard())
		for range 3 {
			a.do(t, io.EOF, "get")
			time.Sleep(longestRest)
		}
		a.do(t, redis.Nil, "get")
		a.do(t, nil, "get")
		a.do(t, full, "set")
		time.Sleep(longestRest)
		a.do(t, full, "set")
		a.do(t, nil, "get")
		time.Sleep(longestRest)
		a.do(t, redis.ErrNoScript, "evalsha")
		a.do(t, nil, "eval")
		if got, want := told, []string{"unreachable", "", "disk", ""}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
