package redisstore

import (
	"testing"
	"time"
)

func TestBreakerLetsOneTryAfterEachRest(t *testing.T) {
	var b breaker
	now := time.Unix(0, 0)
	for range 2 {
		if !b.allow(now) {
			t.Fatal("a working one does not let calls through")
		}
	}
	if !b.fail(now) || b.fail(now) {
		t.Error("the first failure, and only it, is a change")
	}
	for i, longest := range []time.Duration{250, 500, 1000, 1000, 1000} {
		longest *= time.Millisecond
		if b.allow(now.Add(longest/2 - 1)) {
			t.Errorf("try %d is allowed before half of %v", i, longest)
		}
		now = now.Add(longest)
		if !b.allow(now) {
			t.Fatalf("try %d is not allowed after %v", i, longest)
		}
		if b.allow(now) {
			t.Fatalf("a second one is allowed during try %d", i)
		}
		if b.fail(now) {
			t.Errorf("try %d that failed is a change", i)
		}
	}
	now = now.Add(time.Second)
	if !b.allow(now) || !b.succeed() {
		t.Fatal("a try that succeeds is not a change")
	}
	for range 2 {
		if !b.allow(now) || b.succeed() {
			t.Error("it rests after it recovered")
		}
	}
}

func TestBreakerLetsAnotherTryWhenOneTellsNothing(t *testing.T) {
	var b breaker
	now := time.Unix(0, 0)
	b.fail(now)
	now = now.Add(time.Second)
	if !b.allow(now) {
		t.Fatal("no try")
	}
	b.skip()
	if !b.allow(now) || b.allow(now) {
		t.Error("want one other try")
	}
}

func TestLateFailuresDoNotProlongTheRest(t *testing.T) {
	var b breaker
	now := time.Unix(0, 0)
	b.fail(now)
	b.fail(now.Add(200 * time.Millisecond))
	if !b.allow(now.Add(250 * time.Millisecond)) {
		t.Error("it still rests")
	}
}
