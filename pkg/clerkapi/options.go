package clerkapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	defaultUserAgent   = "clerkapi-go"
	defaultTimeout     = 30 * time.Second
	defaultMaxAttempts = 4
)

// core turns options into what a client works with, or says all that is wrong with them.
func (o Options) core() (*core, error) {
	base, err := parseBaseURL(valueOr(o.BaseURL, DefaultBaseURL))
	problems := []error{err}
	if o.Timeout < 0 {
		problems = append(problems, fmt.Errorf("clerkapi: Timeout is %v: it must not be negative (0 means %v)",
			o.Timeout, defaultTimeout))
	}
	if o.MaxAttempts < 0 {
		problems = append(problems, fmt.Errorf("clerkapi: MaxAttempts is %d: it must not be negative (0 means %d)",
			o.MaxAttempts, defaultMaxAttempts))
	}
	if o.CircuitFailures < 0 {
		problems = append(problems, fmt.Errorf("clerkapi: CircuitFailures is %d: it must not be negative (0 means %d)",
			o.CircuitFailures, defaultCircuitFailures))
	}
	if o.CircuitPause < 0 {
		problems = append(problems, fmt.Errorf("clerkapi: CircuitPause is %v: it must not be negative (0 means %v)",
			o.CircuitPause, defaultCircuitPause))
	}
	if strings.ContainsFunc(o.UserAgent, func(r rune) bool { return r < ' ' || r > '~' }) {
		problems = append(problems, errors.New("clerkapi: UserAgent must be printable ASCII"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	c := &core{
		base:        base,
		transport:   o.Transport,
		userAgent:   valueOr(o.UserAgent, defaultUserAgent),
		timeout:     valueOr(o.Timeout, defaultTimeout),
		maxAttempts: valueOr(o.MaxAttempts, defaultMaxAttempts),
		logger:      o.Logger,
		now:         o.Now,
		large:       make(chan struct{}, largeAtOnce),
	}
	if c.transport == nil {
		c.transport = newTransport()
	}
	_, c.traces = c.transport.(*http.Transport)
	if c.logger == nil {
		c.logger = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	c.circuits = &circuits{
		failures: valueOr(o.CircuitFailures, defaultCircuitFailures), pause: valueOr(o.CircuitPause, defaultCircuitPause),
		now: c.now, failing: map[circuitKey]*circuit{},
	}
	return c, nil
}

// parseBaseURL never repeats the URL in an error: a password may be in it.
func parseBaseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("clerkapi: BaseURL is not a URL: give one such as " + DefaultBaseURL)
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return nil, errors.New("clerkapi: BaseURL must begin with https:// or http:// and a host, such as " + DefaultBaseURL)
	case u.User != nil:
		return nil, errors.New("clerkapi: BaseURL must not hold a user or password: use Client.As with a Credential")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("clerkapi: BaseURL must end with its path, without ? or #")
	}
	u.RawPath = strings.TrimRight(u.EscapedPath(), "/")
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func valueOr[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
