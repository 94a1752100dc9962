package upstream

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const discovery = "/.well-known/openid-configuration"

// asks has many callers ask for the metadata at once, and gives the longest that one waited.
func (i *idp) asks(t *testing.T, p *Provider, want error) (longest time.Duration) {
	t.Helper()
	var mu sync.Mutex
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			began := time.Now()
			if _, err := p.metadata(t.Context()); !errors.Is(err, want) {
				t.Errorf("%v; want %v", err, want)
			}
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, time.Since(began))
		})
	}
	callers.Wait()
	return longest
}

func TestCallersShareOneDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newBubbleIDP(t)
		i.gate = func(string) { time.Sleep(time.Second) }
		if wait := i.asks(t, i.provider(t), nil); wait != time.Second || i.asked(discovery) != 1 {
			t.Errorf("asked %d times, one waited %s", i.asked(discovery), wait)
		}
	})
}

func TestNobodyQueuesBehindAProviderThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newBubbleIDP(t)
		end := make(chan struct{})
		defer close(end)
		i.gate = func(string) { <-end }
		p := i.provider(t)
		if wait := i.asks(t, p, ErrUnavailable); wait > providerTimeout {
			t.Errorf("one waited %s", wait)
		}
		if wait := i.asks(t, p, ErrUnavailable); wait != 0 || i.asked(discovery) != 1 {
			t.Errorf("after it failed: asked %d times, one waited %s", i.asked(discovery), wait)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.Sleep(metadataWait)
		began := time.Now()
		if _, err := p.metadata(ctx); !errors.Is(err, ErrUnavailable) || time.Since(began) > time.Second {
			t.Errorf("who goes away: %v after %s", err, time.Since(began))
		}
	})
}

func TestMetadataThatIsKnownServesWhileItIsFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newBubbleIDP(t)
		p := i.provider(t)
		i.asks(t, p, nil)
		time.Sleep(metadataLife)
		i.set(func() { i.gate = func(string) { time.Sleep(time.Second) } })
		if wait := i.asks(t, p, nil); wait != 0 {
			t.Errorf("one waited %s", wait)
		}
		time.Sleep(metadataStale + time.Second)
		if wait := i.asks(t, p, nil); wait != time.Second || i.asked(discovery) != 3 {
			t.Errorf("after a day: asked %d times, one waited %s", i.asked(discovery), wait)
		}
		i.set(func() { i.status = 500 })
		time.Sleep(metadataStale)
		if wait := i.asks(t, p, nil); wait != 0 {
			t.Errorf("while it is down: one waited %s", wait)
		}
	})
}
