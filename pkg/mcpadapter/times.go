package mcpadapter

import (
	"strings"
	"time"
)

const exampleTime = `"2026-11-23T10:00:00Z"`

// instant returns an ISO 8601 time with its zone, the zero time if it is absent or wrong.
func (f *fields) instant(name string) time.Time {
	s, given := f.text(name, exampleTime)
	if !given {
		return time.Time{}
	}
	t, problem := parseInstant(s)
	if problem != "" {
		f.add(name, "%s", problem)
	}
	return t
}

// parseInstant takes what RFC 3339 §5.6 has, seconds optional, a space for the T and offsets without colon or minutes.
func parseInstant(s string) (t time.Time, problem string) {
	const wanted = "is not an ISO 8601 time: give date, time and zone, such as " + exampleTime
	if len(s) > maxInstant {
		return time.Time{}, wanted
	}
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) > len(time.DateOnly) && s[len(time.DateOnly)] == ' ' {
		s = strings.Replace(s, " ", "T", 1)
	}
	for _, clock := range []string{"15:04:05", "15:04"} {
		for _, zone := range []string{"Z07:00", "Z0700", "Z07"} {
			t, err := time.Parse(time.DateOnly+"T"+clock+zone, s)
			if err != nil {
				continue
			}
			if year := t.UTC().Year(); year < 1970 || year > 9998 {
				return time.Time{}, "is in a year that no message has: give a time such as " + exampleTime
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
