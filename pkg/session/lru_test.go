package session

import (
	"strconv"
	"testing"
	"time"
)

func TestAFullGrantCacheForgetsWhatStandsFirst(t *testing.T) {
	var c GrantCache
	now := time.Unix(1, 0)
	c.revoke("revoked")
	for i := range maxKnownGrants {
		c.stands(strconv.Itoa(i), now)
		c.stands("used", now)
	}
	if !c.isRevoked("revoked") || c.lastSeen("used").IsZero() || !c.lastSeen("0").IsZero() {
		t.Errorf("revoked %v, used %v, unused %v", c.isRevoked("revoked"), c.lastSeen("used"), c.lastSeen("0"))
	}
	for i := range maxKnownGrants {
		c.revoke("r" + strconv.Itoa(i))
	}
	if n := c.seen.len() + c.revoked.len(); n != maxKnownGrants || c.isRevoked("revoked") || !c.isRevoked("r0") {
		t.Errorf("%d are known, the oldest revoked one: %v", n, c.isRevoked("revoked"))
	}
	c.stands("r1", now)
	if !c.lastSeen("r1").IsZero() {
		t.Error("a revoked grant was noted to stand")
	}
}

func TestTheEndedSessionsAreBounded(t *testing.T) {
	var e endedSessions
	for i := range 2 * maxEnded {
		e.add(strconv.Itoa(i))
	}
	if e.keys.len() != maxEnded || e.has("0") || !e.has(strconv.Itoa(2*maxEnded-1)) {
		t.Errorf("%d are known", e.keys.len())
	}
}

func TestWhatWasPutAgainIsNotTheOldest(t *testing.T) {
	var l lru[int]
	l.put("a", 1)
	l.put("b", 2)
	l.put("a", 3)
	l.dropOldest()
	if v, ok := l.get("a"); v != 3 || !ok || l.len() != 1 {
		t.Errorf("a is %d %v, of %d", v, ok, l.len())
	}
}
