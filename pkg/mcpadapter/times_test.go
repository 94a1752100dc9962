package mcpadapter

import (
	"strings"
	"testing"
	"time"
)

func TestTimesNeedDateTimeAndZone(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	good := map[string]time.Time{
		"2026-11-23T10:00:00Z":           at,
		" 2026-11-23t10:00:00z ":         at,
		"2026-11-23 10:00Z":              at,
		"2026-11-23T10:00Z":              at,
		"2026-11-23T12:00:00+02:00":      at,
		"2026-11-23T12:00+0200":          at,
		"2026-11-23T05:00:00-05":         at,
		"2026-11-23T10:00:00.123456789Z": at.Add(123456789),
	}
	for in, want := range good {
		if got, problem := parseInstant(in); problem != "" || !got.Equal(want) {
			t.Errorf("parseInstant(%q) = %v, %q; want %v", in, got, problem, want)
		}
	}
	bad := map[string]string{
		"":                          "is not an ISO 8601 time",
		"tomorrow":                  "is not an ISO 8601 time",
		"1795428000":                "is not an ISO 8601 time",
		"23.11.2026 10:00":          "is not an ISO 8601 time",
		"2026-11-31T10:00:00Z":      "is not an ISO 8601 time",
		"2026-11-23T25:00:00Z":      "is not an ISO 8601 time",
		"2026-11-23":                `has no time of day and no zone: add them, such as "2026-11-23T00:00:00Z"`,
		"2026-11-23T10:00:00":       `has no time zone: add Z for UTC or an offset, such as "2026-11-23T10:00:00Z"`,
		"2026-11-23 10:00":          "has no time zone",
		"0001-01-01T00:00:00Z":      "is in a year that no message has",
		"1970-01-01T00:00:00+01:00": "is in a year that no message has",
		"9999-12-31T23:59:59Z":      "is in a year that no message has",
	}
	for in, want := range bad {
		if got, problem := parseInstant(in); !got.IsZero() || !strings.HasPrefix(problem, want) {
			t.Errorf("parseInstant(%q) = %v, %q; want %q", in, got, problem, want)
		}
	}
}
