package grant

import (
	"strconv"
	"testing"
	"time"
)

func TestAFullCacheForgetsWhatStandsFirst(t *testing.T) {
	c := NewCache()
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
	if n := c.seen.Len() + c.revoked.Len(); n != maxKnownGrants || c.isRevoked("revoked") || !c.isRevoked("r0") {
		t.Errorf("%d are known, the oldest revoked one: %v", n, c.isRevoked("revoked"))
	}
	c.stands("r1", now)
	if !c.lastSeen("r1").IsZero() {
		t.Error("a revoked grant was noted to stand")
	}
}
