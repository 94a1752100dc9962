package upstream

import (
	"context"
	"time"
)

// pendingSave is what the provider answered and the store has not taken. It may be the only copy of
// a token that works: this process serves with it, and goes on offering it to the store.
type pendingSave struct {
	version uint64 // in the store, that it is to replace
	state   *state
	data    []byte
}

const (
	firstPause   = 20 * time.Millisecond
	longestPause = time.Second
)

// savePending offers u to the store until that takes it, or has something else in its place. It
// keeps the lease as long as that lasts, so that nobody uses up the old token while the store
// blinks.
func (l *Login) savePending(ctx context.Context, grant string, u *pendingSave, release func()) {
	l.keep(grant, u.data)
	l.mu.Lock()
	l.unsaved[grant] = u
	l.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	l.work.Go(func() { // by who is counted there already, so Close waits for it
		defer release()
		last := false
		for pause := firstPause; ; pause = min(2*pause, longestPause) {
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-l.closing:
				timer.Stop()
				last = true
			}
			_, err := l.store.Save(ctx, grant, u.version, u.data)
			if err == nil || last {
				break
			}
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.unsaved[grant] == u {
			delete(l.unsaved, grant)
		}
	})
}

// unsavedSince gives what is to replace a version; nil if there is nothing, or another version is
// there already.
func (l *Login) unsavedSince(grant string, version uint64) *pendingSave {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.unsaved[grant]; u != nil && u.version == version {
		return u
	}
	return nil
}
