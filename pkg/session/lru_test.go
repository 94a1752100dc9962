package session

import (
	"strconv"
	"testing"
)

func TestTheEndedSessionsAreBounded(t *testing.T) {
	var e endedSessions
	for i := range 2 * maxEnded {
		e.add(strconv.Itoa(i))
	}
	if e.keys.Len() != maxEnded || e.has("0") || !e.has(strconv.Itoa(2*maxEnded-1)) {
		t.Errorf("%d are known", e.keys.Len())
	}
}
