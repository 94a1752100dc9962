package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// RefusalsOptions configure [Refusals]. All without a default are required.
type RefusalsOptions struct {
	// Logger gets one line for every refused request.
	Logger *slog.Logger
	// Count counts a refused request; both are fixed words.
	Count func(endpoint, reason string)
	// Endpoint names what is at a path, in fixed words. What is at "" is not told.
	Endpoint func(path string) string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Refusals tells operators of every request that is refused, once. Whoever refuses calls [Refused]
// before the answer is written; for an answer of 400 and more of which nobody said why, the status
// says it.
type Refusals struct {
	opts RefusalsOptions

	mu    sync.Mutex
	since time.Time
	told  map[string]bool // in this minute: a reason and what was found
	lines map[Reason]int

	people Told // who signed in and is refused, by reason
}

const (
	// toldPerMinute is how many lines at INFO strangers can cause by one reason in a minute.
	toldPerMinute = 20
	// peoplePerMinute is the same for people whom the identity provider knows: enough for each of a
	// company's who are shut out by a wrong rule, and a bound for those of a provider that anybody
	// can have an account at.
	peoplePerMinute = 200
)

// NewRefusals makes one.
func NewRefusals(opts RefusalsOptions) *Refusals {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Refusals{opts: opts}
}

// Handler watches the answers of next.
func (f *Refusals) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		endpoint := f.opts.Endpoint(r.URL.Path)
		if endpoint == "" {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(&refusalWriter{ResponseWriter: w, all: f, ctx: r.Context(), endpoint: endpoint}, r)
	})
}

type refusalWriter struct {
	http.ResponseWriter
	all      *Refusals
	ctx      context.Context //nolint:containedctx // of the one request
	endpoint string

	mu   sync.Mutex
	told bool
}

// Unwrap is for http.ResponseController.
func (w *refusalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *refusalWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.tell(status, reasonOf(status), true, nil)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Refused says why the request that w answers is refused, and with which status. Further attributes
// must be fit for a log. Only the first call for a request counts.
func Refused(w http.ResponseWriter, status int, reason Reason, attrs ...slog.Attr) {
	if at := watcher(w); at != nil {
		at.tell(status, reason, true, attrs)
	}
}

// CountRefused is [Refused] where a line with the reason was written already.
func CountRefused(w http.ResponseWriter, status int, reason Reason) {
	if at := watcher(w); at != nil {
		at.tell(status, reason, false, nil)
	}
}

func watcher(w http.ResponseWriter) *refusalWriter {
	for {
		switch at := w.(type) {
		case *refusalWriter:
			return at
		case interface{ Unwrap() http.ResponseWriter }:
			w = at.Unwrap()
		default:
			return nil
		}
	}
}

func (w *refusalWriter) tell(status int, reason Reason, logged bool, attrs []slog.Attr) {
	w.mu.Lock()
	told := w.told
	w.told = true
	w.mu.Unlock()
	if told {
		return
	}
	about, ok := known[reason]
	if !ok {
		reason = reasonOf(status)
		about = known[reason]
	}
	w.all.opts.Count(w.endpoint, string(reason))
	if !logged {
		return
	}
	level, untold := slog.LevelDebug, 0
	if about.tell {
		var may bool
		if about.person {
			may, untold = w.all.people.Tell(w.all.opts.Now(), string(reason), peoplePerMinute)
		} else {
			may = w.all.mayTell(reason, attrs)
		}
		if may {
			level = slog.LevelInfo
		}
	}
	if !w.all.opts.Logger.Enabled(w.ctx, level) {
		return
	}
	line := append([]slog.Attr{
		slog.String("endpoint", w.endpoint), slog.String("reason", string(reason)), slog.Int("status", status), slog.String("mend", about.mend),
	}, attrs...)
	if untold > 0 {
		line = append(line, slog.Int("untold", untold))
	}
	w.all.opts.Logger.LogAttrs(w.ctx, level, "request refused", line...)
}

// mayTell bounds what strangers can write into the log: one line for a reason and what was found in
// a minute, and so many for a reason.
func (f *Refusals) mayTell(reason Reason, attrs []slog.Attr) bool {
	key := string(reason)
	for _, a := range attrs {
		key += " " + a.Value.String()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.opts.Now(); f.told == nil || now.Sub(f.since) >= time.Minute {
		f.since, f.told, f.lines = now, map[string]bool{}, map[Reason]int{}
	}
	if f.told[key] || f.lines[reason] >= toldPerMinute {
		return false
	}
	f.told[key] = true
	f.lines[reason]++
	return true
}

// Found is what a client sent, as far as it is fit for a log: characters of host names and origins,
// and no more of them than a name may have, with nothing in it that could be a whole phone number.
func Found(value string) slog.Attr {
	const most, mostDigits = 100, 4
	run := 0
	clean := strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9':
			if run++; run > mostDigits+1 { // a port has five
				return -1
			}
			return c
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			run = 0
			return c
		case strings.ContainsRune(".:-_[]/*", c):
			return c
		}
		return '?'
	}, value[:min(len(value), most)])
	return slog.String("found", clean)
}
