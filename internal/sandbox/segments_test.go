package sandbox

import (
	"strings"
	"testing"
)

func TestSegmentsAreCountedAsCarriersDo(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"empty":                        {"", 1},
		"160 septets":                  {strings.Repeat("a", 160), 1},
		"161 septets":                  {strings.Repeat("a", 161), 2},
		"two full parts":               {strings.Repeat("a", 306), 2},
		"one more":                     {strings.Repeat("a", 307), 3},
		"accents of the alphabet":      {strings.Repeat("é", 160), 1},
		"an accent outside of it":      {strings.Repeat("a", 70) + "ê", 2},
		"extended takes two":           {strings.Repeat("€", 80), 1},
		"extended beyond one":          {strings.Repeat("€", 81), 2},
		"an escape is never split":     {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		"70 units":                     {strings.Repeat("ж", 70), 1},
		"71 units":                     {strings.Repeat("ж", 71), 2},
		"134 units":                    {strings.Repeat("ж", 134), 2},
		"135 units":                    {strings.Repeat("ж", 135), 3},
		"an emoji takes two units":     {strings.Repeat("👍", 35), 1},
		"emoji beyond one":             {strings.Repeat("👍", 36), 2},
		"a surrogate is never split":   {strings.Repeat("ж", 66) + "👍" + strings.Repeat("ж", 66), 3},
		"lines and carriage returns":   {"a\r\nb", 1},
		"a tab is not in the alphabet": {strings.Repeat("a", 70) + "\t", 2},
	} {
		t.Run(name, func(t *testing.T) {
			if got := segments(tc.text); got != tc.want {
				t.Errorf("%d segments, want %d", got, tc.want)
			}
		})
	}
}
