package args

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

var (
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)
	shortCode = regexp.MustCompile(`^[0-9]{3,8}$`)
	accountID = regexp.MustCompile(`^[0-9]{16,}$`)
	channel   = regexp.MustCompile(`^((?i:whatsapp|messenger|rcs|viber|telegram|line|instagram|wechat|webex|msteams|teams)|8|19|28|29|48|a):[A-Za-z0-9._:@=+-]+$|` +
		`^[0-9:-]+@(s\.whatsapp\.net|c\.us|g\.us)$`)
	email = regexp.MustCompile(`^[^@:]*[A-Za-z][^@:]*@[^@]+\.[^@]+$`)
)

// digitsOf are the digits of a text, of whichever script.
func digitsOf(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsDigit(r) {
			b.WriteByte('0' + digitValue(r))
		}
	}
	return b.String()
}

// stoodThere tells whether a number has the digits of a text in their order, but for the listed
// rewritings.
func stoodThere(normal, s string) bool {
	got, stood := digitsOf(normal), digitsOf(s)
	if half := len(stood) / 2; strings.HasPrefix(strings.TrimFunc(s, unicode.IsSpace), "[") && stood[:half] == stood[half:] && stood != got {
		stood = stood[:half] // a link has it twice
	}
	if got == stood || "521"+strings.TrimPrefix(got, "52") == stood {
		return true
	}
	for n := 1; n <= 3 && n < len(got); n++ { // a country code
		for _, trunk := range []string{"0", "06", "8"} {
			if got[:n]+trunk+got[n:] == stood {
				return true
			}
		}
	}
	return false
}

// FuzzAddress: what fits no rule is not taken, a number has the digits that stood there, and what
// is normal stays.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		"+1 (555) 123-4567", "72345", "whatsapp:+1", "555-1234", "+44 (0) 20 7946 0958", "\u202a+1", "１２３", "+200000000000", "+49 30 123456 (Jane)",
		"tel:+1-415-555-0101;ext=5", "[+14155550101](tel:+14155550101)", "+5215534372942", "1-800-FLOWERS", "{{phone}}", "Jane Smith +14155550101",
		`"+14155550101"`, "29:1aB-_cD", "15551234567-1612345678@g.us", "My Shop", "5d0e8d03-d09f-47e5-8017-4d00cbf737f4", "+54 011 15 2345 6789",
		"jane@example.com", "4.15556E+09", "<tel:+1 415 555 0101> (cell)", "447911123456", "+4910000000000000", "+٤٤ ٧٩١١ ١٢٣٤٥٦",
	} {
		for use := range uint8(3) {
			f.Add(s, use)
		}
	}
	f.Fuzz(func(t *testing.T, s string, use uint8) {
		if !utf8.ValidString(s) || use > 2 {
			return
		}
		a, p := ParseAddress(s, Use(use))
		if (a.Normal == "") == (p.One == "") {
			t.Fatalf("%q = %+v, %q", s, a, p.One)
		}
		if !utf8.ValidString(p.One) || len(p.One) > 400 {
			t.Errorf("%q: the problem is %q", s, p.One)
		}
		if p.Is() {
			return
		}
		n := a.Normal
		if again, p := ParseAddress(n, Use(use)); again.Normal != n || again.Former != "" {
			t.Errorf("%q = %q and then %+v, %q", s, n, again, p.One)
		}
		switch {
		case e164.MatchString(n):
			number, err := phonenumbers.Parse(n, "")
			if err != nil || !phonenumbers.IsPossibleNumber(number) || !stoodThere(n, s) {
				t.Errorf("%q became %q: %v", s, n, err)
			}
		case Use(use) != Phone && (shortCode.MatchString(n) || accountID.MatchString(n)):
			if digitsOf(s) != n {
				t.Errorf("%q became %q", s, n)
			}
		case channel.MatchString(n), Use(use) != Phone && email.MatchString(n):
			if digitsOf(s) != digitsOf(n) {
				t.Errorf("%q became %q", s, n)
			}
		case Use(use) == Phone:
			t.Errorf("%q became %q, which is no phone", s, n)
		default:
			fits := len(digitsOf(n)) < 7 && !strings.ContainsAny(n, "{}<>[]|\"'") && !strings.ContainsFunc(n, IsInvisible) && !uuid.MatchString(n)
			if Use(use) == Recipient {
				fits = fits && !strings.ContainsFunc(n, unicode.IsSpace) && (digitsOf(n) != "" || strings.ContainsAny(n, ":@"))
			} else {
				fits = fits && (!strings.ContainsFunc(n, unicode.IsSpace) || utf8.RuneCountInString(n) <= 11)
			}
			if !fits || n != strings.TrimSpace(s) && n != trim(s) {
				t.Errorf("%q became %q, which fits no rule", s, n)
			}
		}
	})
}

func FuzzInstant(f *testing.F) {
	for _, s := range []string{"2026-11-23T10:00:00Z", "2026-11-23 10:00+02", "2026-11-23", "1970-01-01T00:00:00+01:00", "20261123T100000Z", "2026-11-23 10:00 UTC"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, problem := ParseInstant(s)
		if got.IsZero() == (problem == "") {
			t.Errorf("ParseInstant(%q) = %v, %q", s, got, problem)
		}
		if _, err := got.UTC().MarshalJSON(); err != nil {
			t.Errorf("ParseInstant(%q) = %v, which cannot be sent: %v", s, got, err)
		}
	})
}

func TestMoreFormsOfTimes(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"20261123T100000Z": at, "2026-11-23 10:00:00 UTC": at, "2026-11-23 12:00:00 +0200": at, "2026-11-23T10:00:00 +0000": at,
		"2026-11-23 05:00 -05:00": at, "2026-11-23T10:00:00 Z": at, "2026-11-23T10:00:00GMT": at, "20261123T1200+02": at,
		"9999-12-31T23:59:59Z": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		if got, problem := ParseInstant(s); problem != "" || !got.Equal(want) {
			t.Errorf("%q = %v, %q; want %v", s, got, problem, want)
		}
	}
	for _, s := range []string{"9999-12-31T23:59:59-01:00", "20261123", "2026-11-23 10:00 EST", "2026-11-23 10:00 + 0000", "UTC", "2026-11-23 UTC"} {
		if got, problem := ParseInstant(s); problem == "" {
			t.Errorf("%q = %v", s, got)
		}
	}
}
