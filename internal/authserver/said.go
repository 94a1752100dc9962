package authserver

import (
	"sync"
	"time"
)

// sayAgain is how long the same thing is not logged again that others can cause.
const sayAgain = time.Minute

// maxSaid bounds [said]: what is said is about issuers that the operator has named.
const maxSaid = 1000

// said remembers what operators were told lately. The zero value remembers nothing.
type said struct {
	mu   sync.Mutex
	when map[string]time.Time
}

// first reports whether something is to be told now.
func (s *said) first(now time.Time, what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, told := s.when[what]; told && now.Sub(last) < sayAgain {
		return false
	}
	if s.when == nil || len(s.when) >= maxSaid {
		s.when = map[string]time.Time{}
	}
	s.when[what] = now
	return true
}
