package args

import (
	"strings"
	"time"
)

const (
	// ExampleTime stands in the messages that say what a time looks like.
	ExampleTime = `"2026-11-23T10:00:00Z"`

	// maxInstant is the most bytes of a time: RFC 3339 with nanoseconds takes 35.
	maxInstant = 64
)

// ParseInstant takes what RFC 3339 §5.6 has, seconds optional, a space for the T and before the
// zone, offsets without colon or minutes, UTC and GMT for Z, and the basic format of ISO 8601.
func ParseInstant(s string) (t time.Time, problem string) {
	const wanted = "is not an ISO 8601 time: give date, time and zone, such as " + ExampleTime
	if len(s) > maxInstant {
		return time.Time{}, wanted
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) > len(time.DateOnly) && s[len(time.DateOnly)] == ' ' {
		s = strings.Replace(s, " ", "T", 1)
	}
	zoned := s
	for _, word := range []string{"UTC", "GMT"} {
		if before, ok := strings.CutSuffix(zoned, word); ok {
			zoned = strings.TrimSpace(before) + "Z"
		}
	}
	zoned = strings.Replace(strings.Replace(zoned, " +", "+", 1), " -", "-", 1)
	zoned = strings.Replace(zoned, " Z", "Z", 1)
	for _, clock := range []string{time.DateOnly + "T15:04:05", time.DateOnly + "T15:04", "20060102T150405", "20060102T1504"} {
		for _, zone := range []string{"Z07:00", "Z0700", "Z07"} {
			t, err := time.Parse(clock+zone, zoned)
			if err != nil {
				continue
			}
			if year := t.UTC().Year(); year < 1970 || year > 9999 {
				return time.Time{}, "is in a year that no message has: give a time such as " + ExampleTime
			}
			return t, ""
		}
	}
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		return time.Time{}, `has no time of day and no zone: add them, such as "` + s + `T00:00:00Z"`
	}
	for _, clock := range []string{"15:04:05", "15:04"} {
		if _, err := time.Parse(time.DateOnly+"T"+clock, s); err == nil {
			return time.Time{}, `has no time zone: add Z for UTC or an offset, such as "` + s + `Z" or "` + s + `-05:00"`
		}
	}
	return time.Time{}, wanted
}
