package mcpadapter

import (
	"strings"
	"testing"
)

func TestNumbersAreNormalizedAndIdentifiersPass(t *testing.T) {
	tests := map[string]string{
		"+15551234567":                     "+15551234567",
		"+1 (555) 123-4567":                "+15551234567",
		"+1.555.123.4567":                  "+15551234567",
		"(+1) 555/123/4567":                "+15551234567",
		"+1\u00a0555\u2011123\u20134567":   "+15551234567",
		"\u202a+1 555 123 4567\u202c":      "+15551234567",
		"＋15551234567":                     "+15551234567",
		"+44 (0) 20 7946 0958":             "+442079460958",
		"+39 06 1234 5678":                 "+390612345678",
		"+800 1234 5678":                   "+80012345678",
		"123":                              "123",
		"72345":                            "72345",
		"19001234":                         "19001234",
		"\t72345\n":                        "72345",
		"whatsapp:+15551234567":            "whatsapp:+15551234567",
		"tel:+15551234567":                 "tel:+15551234567",
		"jane+test@example.com":            "jane+test@example.com",
		"My Shop":                          "My Shop",
		"29:1aB-_cD":                       "29:1aB-_cD",
		"5d0e8d03-d09f-47e5-8017-4d00cbf7": "5d0e8d03-d09f-47e5-8017-4d00cbf7",
		"12345678-1234-1234-1234-12345678": "12345678-1234-1234-1234-12345678",
		"17841400000000000000":             "17841400000000000000",
		"1555+1234567":                     "1555+1234567", // a plus amid digits makes no number of it
		"1+5551234567":                     "1+5551234567",
		"Käse":                             "Käse",
	}
	for in, want := range tests {
		got, problem := address(in)
		if got != want || problem != "" {
			t.Errorf("address(%q) = %q, %q; want %q", in, got, problem, want)
		}
		if again, problem := address(got); again != got || problem != "" {
			t.Errorf("address(%q) = %q, %q: what is normal changes", got, again, problem)
		}
	}
}

func TestNumbersThatCannotBeMeantAreRefused(t *testing.T) {
	tests := map[string]string{
		"":                             "is empty",
		" \u00a0":                      "is empty",
		"555-123-4567":                 "has no country code",
		"(555) 123-4567":               "has no country code",
		"5551234567":                   "has no country code",
		"15551234567":                  "has no country code",
		"555-1234":                     "has no country code",
		"0049 30 123456":               "begins with 00",
		"12":                           "is too short",
		"1-2":                          "is too short",
		"+1 555 1234":                  "has too few digits",
		"+1555123456":                  "has too few digits",
		"+155512345678":                "has too many digits",
		"+999 123456":                  "is not an international phone number",
		"+0 555 123 4567":              "is not an international phone number",
		"+":                            "is not an international phone number",
		"+1555123456789012":            "has too many digits", // sixteen
		"+49 30 1234 5678 9012 34":     "has too many digits",
		"+200000000000":                "is not an international phone number", // it has a trunk prefix after its trunk prefix
		"+1-800-FLOWERS":               "is not an international phone number",
		"+1 555 123 4567 ext. 5":       "is not an international phone number",
		"+1 555 123 4567\n555":         "is not an international phone number",
		"+15551234567, +15559876543":   "seems to hold several numbers",
		"+15551234567 +15559876543":    "seems to hold several numbers",
		"72345;72346":                  "seems to hold several numbers",
		"jane\x00":                     "holds a line break",
		"jane\u2028doe":                "holds a line break",
		"jane\u200bdoe":                "holds a line break",
		strings.Repeat("x", 257):       "is too long",
		"+" + strings.Repeat("1", 300): "is too long",
	}
	for in, want := range tests {
		if got, problem := address(in); got != "" || !strings.HasPrefix(problem, want) {
			t.Errorf("address(%q) = %q, %q; want %q", in, got, problem, want)
		}
	}
}

func TestARecipientGivenTwiceIsSentToOnceAndTheResultSaysSo(t *testing.T) {
	tools, _ := newTools(t, response(201, `{"data":`+messageJSON+`}`))
	r := call(t, tools, "send_message",
		`{"sender":"72345","body":"Hi","recipients":["+15559876543","+1 555 987 6543","Jane","+1 (555) 987-6543"]}`)
	if want := `"recipients":["+15559876543","Jane"],"duplicates_removed":2`; !strings.Contains(r.Result.Text, want) {
		t.Errorf("text = %s\nwant %s in it", r.Result.Text, want)
	}
	if r.Facts.Recipients != 2 {
		t.Errorf("recipients = %d, want 2", r.Facts.Recipients)
	}
}
