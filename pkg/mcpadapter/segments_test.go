package mcpadapter

import (
	"strings"
	"testing"
)

func TestSegmentsAreCountedAsCarriersDo(t *testing.T) {
	r := strings.Repeat
	tests := []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 0},
		{"one character", "a", 1},
		{"a full GSM message", r("a", 160), 1},
		{"one more makes two parts of 153", r("a", 161), 2},
		{"two full parts", r("a", 306), 2},
		{"a third part", r("a", 307), 3},
		{"the whole basic alphabet", gsmBasic, 1},
		{"an extension character takes two places", r("€", 80), 1},
		{"and so one more is too much", r("€", 81), 2},
		{"it is not divided between parts", r("a", 152) + "€" + r("a", 152), 3},
		{"where the part ends before it, all fits", r("a", 153) + "€" + r("a", 151), 2},
		{"a cedilla in capitals is GSM, in small letters not", r("Ç", 160), 1},
		{"a full UCS-2 message", r("ç", 70), 1},
		{"one more makes two parts of 67", r("ç", 71), 2},
		{"two full UCS-2 parts", r("ç", 134), 2},
		{"a third UCS-2 part", r("ç", 135), 3},
		{"one foreign letter changes all", r("a", 70) + "я", 2},
		{"an emoji takes two code units", r("😀", 35), 1},
		{"and so one more is too much ", r("😀", 36), 2},
		{"a surrogate pair is not divided", r("😀", 67), 3},
	}
	for _, tt := range tests {
		if got := countSegments(tt.text); got != tt.want {
			t.Errorf("%s: %d segments, want %d", tt.name, got, tt.want)
		}
	}
}
