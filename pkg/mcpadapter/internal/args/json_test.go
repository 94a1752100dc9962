package args

import "testing"

func TestHexadecimalDigits(t *testing.T) {
	for digits, want := range map[string]rune{"09aF": 0x09af, "aAfF": 0xaaff, "1909": 0x1909} {
		if got := hex4([]byte(digits)); got != want {
			t.Errorf("%s: %x", digits, got)
		}
	}
}
