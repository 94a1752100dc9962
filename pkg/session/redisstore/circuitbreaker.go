package redisstore

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	shortestRest = 250 * time.Millisecond
	longestRest  = time.Second
)

// breaker is a circuit breaker: it keeps calls away from what just failed. After a failure it rests
// for a quarter of a second, then lets one call try; as long as the tries fail the rests double, up
// to a second. Each rest is shortened by up to a half at random, so that replicas do not try in
// step. The zero value lets calls through.
type breaker struct {
	mu     sync.Mutex
	rest   time.Duration // 0: working
	until  time.Time
	trying bool
}

// allow tells whether a call may be made. A call that is allowed must be reported to succeed, fail
// or skip.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rest == 0 {
		return true
	}
	if b.trying || now.Before(b.until) {
		return false
	}
	b.trying = true
	return true
}

// left is how long the rest goes on, 0 or less if one may try, or tries.
func (b *breaker) left(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until.Sub(now)
}

// succeed tells whether it was resting until now.
func (b *breaker) succeed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	recovered := b.rest != 0
	b.rest, b.trying = 0, false
	return recovered
}

// fail tells whether it was working until now. Failures of calls that began before the rest do not
// prolong it.
func (b *breaker) fail(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	broke := b.rest == 0
	switch {
	case broke:
		b.rest = shortestRest
	case b.trying:
		b.rest = min(2*b.rest, longestRest)
	default:
		return false
	}
	b.trying = false
	b.until = now.Add(b.rest/2 + rand.N(b.rest/2))
	return broke
}

// skip is for a call whose end tells nothing; somebody else may try.
func (b *breaker) skip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trying = false
}
