package shop

import (
	"errors"
	"strings"
	"time"
)

// Life and Limit are noticed when they change; Hidden is not.
const (
	Life   = 2 * time.Hour
	Limit  = 8
	Hidden = 12
)

// ErrEmpty is that of an order without a name.
var ErrEmpty = errors.New("empty")

// Order is what is bought.
type Order struct {
	Name, Note string
	Until      time.Time
}

// New makes an order. No test looks at its note.
func New(name, note string, now time.Time) (*Order, error) {
	name = strings.TrimSpace(name)
	note = strings.TrimSpace(note)
	if name == "" {
		return nil, ErrEmpty
	}
	if len(note) > Hidden {
		return nil, errors.New("long")
	}
	return &Order{Name: name, Note: note, Until: now.Add(Life)}, nil
}

// Small tells whether a number is at most Limit; tests try the border.
func Small(n int) bool { return n <= Limit }

// Tiny is like Small; tests try no border.
func Tiny(n int) bool { return n < 3 }

// Both is tested with all values, Either with two that are alike.
func Both(a, b bool) bool { return a && b }

// Either is one of two.
func Either(a, b bool) bool { return a || b }

// Less subtracts; tests notice. Join joins, and is tested with the same twice.
func Less(a, b int) int { return a - b }

// Join joins two.
func Join(a, b string) string { return a + b }

// Starts tells whether a starts with b. 'x' is not a quantity, [4]byte a type.
func Starts(a, b string) bool {
	var _ [4]byte
	_ = make([]byte, 0, 64)
	note(a)
	return strings.HasPrefix(a, b) && a[0] != 'x'
}

// Wait loops for ever if its condition is negated.
func Wait(n int) int {
	for n > 0 {
		n--
	}
	return n
}

// Must panics; without that it would not compile.
func Must(err error) int {
	if err == nil {
		return 1
	}
	panic(err)
}

// Unused is called by no test.
func Unused(a int) int { return a * 2 }

func note(string) {}
