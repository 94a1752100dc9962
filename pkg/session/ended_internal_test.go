package session

import (
	"strconv"
	"testing"
)

func TestTheEndedSessionsAreBounded(t *testing.T) {
	ended := newEnded()
	for i := range 2 * maxEnded {
		ended.Add(strconv.Itoa(i), struct{}{})
	}
	if ended.Len() != maxEnded || ended.Contains("0") || !ended.Contains(strconv.Itoa(2*maxEnded-1)) {
		t.Errorf("%d are known", ended.Len())
	}
}
