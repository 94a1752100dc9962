package args

import (
	"strings"
	"testing"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// spellings are ways to write an international number, by how it is printed with spaces.
func spellings(printed string) map[string]string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, printed)
	in := func(zero rune) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return zero + r - '0'
			}
			return r
		}, printed)
	}
	return map[string]string{
		"as printed": printed, "E.164": "+" + digits, "NBSP": strings.ReplaceAll(printed, " ", "\u00a0"),
		"dots": strings.ReplaceAll(printed, " ", "."), "bidi marks": "\u202a" + printed + "\u202c", "tel": "tel:+" + digits,
		"TEL": "TEL:" + printed, "sms": "sms:+" + digits, "quoted": `"` + printed + `"`, "typographic quotes": "“" + printed + "”",
		"angle brackets": "<" + printed + ">", "square brackets": "[+" + digits + "]", "tel in brackets": "<tel:+" + digits + ">",
		"label": printed + " (Jane, cell)", "Markdown": "[" + printed + "](tel:+" + digits + ")", "fullwidth": in('０'), "Arabic": in('٠'),
		"Devanagari": in('०'), "tab and line break around": "\t" + printed + "\n", "non-breaking hyphens": strings.ReplaceAll(printed, " ", "\u2011"),
	}
}

func TestNumbersOfEveryCountryInEverySpelling(t *testing.T) {
	n := 0
	for region := range phonenumbers.GetSupportedRegions() {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			number := phonenumbers.GetExampleNumberForType(region, kind)
			if number == nil {
				continue
			}
			want := phonenumbers.Format(number, phonenumbers.E164)
			for name, s := range spellings(phonenumbers.Format(number, phonenumbers.INTERNATIONAL)) {
				n++
				for _, use := range []Use{Recipient, Sender, Phone} {
					if got, p := ParseAddress(s, use); got.Normal != want || p.Is() {
						t.Errorf("%s, %s: %q = %q, %q; want %q", region, name, s, got.Normal, p.One, want)
					}
				}
			}
		}
	}
	if n < 5_000 {
		t.Errorf("only %d spellings", n)
	}
}

// A number without its plus is not taken: what it most likely is is named.
func TestNumbersWithoutTheirPlusAreNamed(t *testing.T) {
	for s, want := range map[string]string{
		"447911123456": "+447911123456", "15551234567": "+15551234567", "1 (415) 555-0101": "+14155550101", "86 138 0013 8000": "+8613800138000",
		"5215534372942": "+525534372942", "525534372942": "+525534372942", "491711234567": "+491711234567", "'5511912345678'": "+5511912345678",
		"919876543210": "+919876543210", "tel:33612345678": "+33612345678", "６１４１２３４５６７８": "+61412345678",
	} {
		a, p := ParseAddress(s, Recipient)
		if a.Normal != "" || !strings.Contains(p.One, `write "`+want+`"`) {
			t.Errorf("%q = %q, %q; want %q in it", s, a.Normal, p.One, want)
		}
		if shown := WithPlus(strings.Trim(s, "'")); want != shown && !strings.ContainsAny(s, " :(") && !strings.HasPrefix(s, "６") {
			t.Errorf("%q is shown as %q", s, shown)
		}
		if again, p := ParseAddress(want, Recipient); again.Normal != want || p.Is() {
			t.Errorf("what is named is not taken: %q, %q", want, p.One)
		}
	}
}

func TestRewritingsOfNumbers(t *testing.T) {
	for s, want := range map[string]string{
		"+5215534372942": "+525534372942", "+52 1 55 3437 2942": "+525534372942", "+525534372942": "+525534372942",
		"+44 (0) 20 7946 0958": "+442079460958", "+49 (0)30 123456": "+4930123456", "+36 06 1 234 5678": "+3612345678",
		"+39 06 1234 5678": "+390612345678", "+7 8 912 345-67-89": "+79123456789", "+800 1234 5678": "+80012345678",
		"+49 30 123456 (Jane)": "+4930123456", "+49 30 123456（Büro）": "+4930123456", "(+1) 555/123/4567": "+15551234567",
	} {
		if got, p := ParseAddress(s, Recipient); got.Normal != want || p.Is() {
			t.Errorf("%q = %q, %q; want %q", s, got.Normal, p.One, want)
		}
	}
	// The library would write another number for these.
	for _, s := range []string{"+54 011 15 2345 6789", "+55 0 15 11 91234 5678", "+49 30 123456 JANE", "+1 1 415 555 0101"} {
		if got, p := ParseAddress(s, Recipient); got.Normal != "" || !p.Is() {
			t.Errorf("%q became %q", s, got.Normal)
		}
	}
}

func TestIdentifiersPass(t *testing.T) {
	everywhere := map[string]string{
		"whatsapp:+15551234567":    "whatsapp:+15551234567",
		"whatsapp:+1 555 123 4567": "whatsapp:+15551234567", "WhatsApp:+5215534372942": "WhatsApp:+5215534372942",
		"15551234567@s.whatsapp.net": "15551234567@s.whatsapp.net", "5215534372942@c.us": "5215534372942@c.us",
		"120363025246125486@g.us": "120363025246125486@g.us", "15551234567-1612345678@g.us": "15551234567-1612345678@g.us",
		"29:1aB-_cD": "29:1aB-_cD", "8:orgid:5d0e8d03-d09f-47e5-8017-4d00cbf737f4": "8:orgid:5d0e8d03-d09f-47e5-8017-4d00cbf737f4",
		"19:meeting_MjdhNjM4YzUtYzExZi00@thread.v2": "19:meeting_MjdhNjM4YzUtYzExZi00@thread.v2", "messenger:1234567890123": "messenger:1234567890123",
		"rcs:brand_agent": "rcs:brand_agent",
	}
	messages := map[string]string{
		"123": "123", "72345": "72345", "\t72345\n": "72345", "'72345'": "72345", "19001234": "19001234", "jane+test@example.com": "jane+test@example.com", "jane19850412@example.com": "jane19850412@example.com",
		"17841400000000000000": "17841400000000000000", "abc-12": "abc-12", "@jane": "@jane",
	}
	for use, tests := range map[Use][]map[string]string{
		Recipient: {everywhere, messages}, Sender: {everywhere, messages, {
			"My Shop": "My Shop", "CLERKCHAT": "CLERKCHAT", "Käse": "Käse", "brand_agent_of_ours": "brand_agent_of_ours", "A&B": "A&B",
		}}, Phone: {everywhere},
	} {
		for _, set := range tests {
			for s, want := range set {
				got, p := ParseAddress(s, use)
				if got.Normal != want || p.Is() {
					t.Errorf("use %d: %q = %q, %q; want %q", use, s, got.Normal, p.One, want)
				}
				if again, p := ParseAddress(got.Normal, use); again.Normal != want || p.Is() || again.Former != "" {
					t.Errorf("use %d: %q = %+v, %q: what is normal changes", use, want, again, p.One)
				}
			}
		}
	}
}

func TestWhatFitsNoRuleIsRefused(t *testing.T) {
	everywhere := map[string]string{
		"": "is empty", " \u00a0": "is empty", "\u200b": "is empty", "555-123-4567": "has no country code", "(555) 123-4567": "has no country code",
		"5551234567": "has no country code", "555-1234": "has no country code", "0049 30 123456": "begins with 00", "12": "is too short",
		"1-2": "is too short", "+1 555 1234": "has too few digits", "+1555123456": "has too few digits", "+155512345678": "has too many digits",
		"+999 123456": "is not an international", "+0 555 123 4567": "is not an international", "+": "is not an international",
		"+1555123456789012": "has too many digits", "+49 30 1234 5678 9012 34": "has too many digits", "+200000000000": "is not an international",
		"4111 1111 1111 1111": "has too many digits", "12345678-1234-1234-1234-12345678": "has too many digits",
		"+15551234567, +15559876543": "seems to hold several", "+15551234567 +15559876543": "seems to hold several",
		"72345;72346": "seems to hold several", "1555+1234567": "holds something besides", "1+5551234567": "holds something besides",
		"jane\x00": "holds a line break", "jane\u2028doe": "holds a line break", "ja\u200bne1": "holds a line break",
		"+1 555 123 4567\n555": "holds a line break", strings.Repeat("x", 257): "is too long", "+" + strings.Repeat("1", 300): "is too long",
		"{{phone}}": "is a placeholder", "*|PHONE|*": "is a placeholder", "%PHONE%": "is a placeholder", "<phone>": "is a placeholder",
		"[phone_number]": "is a placeholder", "${to}": "is a placeholder", "{{ $json.phone }}": "is a placeholder",
		"unknown": "stands for no number", "N/A": "stands for no number", "me": "stands for no number", "-": "stands for no number",
		"TBD": "stands for no number", "n.a.": "stands for no number", "—": "stands for no number", "(none)": "stands for no number",
		"?": "stands for no number", "5d0e8d03-d09f-47e5-8017-4d00cbf737f4": "is an id", "deadbeef-cafe-babe-face-abcdefabcdef": "is an id",
		"5d0e8d03d09f47e580174d00cbf737f4": "is an id", "+1 555 123 4567 ext. 5": "has an extension", "+14155550101x23": "has an extension",
		"tel:+14155550101;ext=5": "has an extension", "+14155550101 #23": "has an extension", "+1 415 555 0101 (ext 5)": "has an extension",
		"Jane Smith +14155550101": `holds something besides a number: write "+14155550101"`, "+14155550101 Jane": `holds something besides a number: write "+14155550101"`,
		"[+14155550101](tel:+14155550199)": "holds something besides", "+14155550101 or +14155550102": "holds something besides",
		"1-800-FLOWERS": `has letters for digits: write the digits that they stand for, "+18003569377"`, "+1-800-FLOWERS": "has letters for digits",
		"800-GO-FEDEX": `has letters for digits: write the digits that they stand for, "+18004633339"`, "4.15556E+09": "holds something besides",
		"415-555-0101 (cell)": "has no country code", `""+14155550101""`: "holds something besides", "tel:tel:+14155550101": "holds something besides",
		"sms:+14155550101?body=Hi": "holds something besides", "4155550101@vtext.com": "holds something besides", "tel:%2B14155550101": "holds something besides",
		"https://example.com": "", "order-12345-67": "holds something besides", "+14155550101\\n": "holds something besides",
	}
	only := map[Use]map[string]string{
		Recipient: {"Jane": "is not a number, and names are not looked up", "My Shop": "is neither", "Käse": "is not a number", "ma|x1": "holds a character"},
		Sender:    {"The Shop Around The Corner": "is neither", "x|y": "holds a character", `a"b`: "holds a character"},
		Phone: {
			"Jane": "is not a phone number", "1234567": "has no country code", "72345": "has no country code", "555": "has no country code", "19001234": "has no country code", "jane@example.com": "is an e-mail address",
			"abc-12": "is not a phone number", "17841400000000000000": "has too many digits", "TBD": "stands for no number: leave it out",
		},
	}
	for use, more := range only {
		for _, tests := range []map[string]string{everywhere, more} {
			for s, want := range tests {
				if got, p := ParseAddress(s, use); got.Normal != "" || !p.Is() || !strings.HasPrefix(p.One, want) {
					t.Errorf("use %d: %q = %q, %q; want %q", use, s, got.Normal, p.One, want)
				}
			}
		}
	}
}

func TestDigitsOfEveryScript(t *testing.T) {
	for _, table := range []*unicode.RangeTable{unicode.Nd} {
		for _, r := range table.R16 {
			if (r.Hi-r.Lo+1)%10 != 0 {
				t.Errorf("%x to %x are not tens", r.Lo, r.Hi)
			}
		}
		for _, r := range table.R32 {
			if (r.Hi-r.Lo+1)%10 != 0 {
				t.Errorf("%x to %x are not tens", r.Lo, r.Hi)
			}
		}
	}
	for s, want := range map[string]string{"٠١٢٣٤٥٦٧٨٩": "0123456789", "𝟎𝟏𝟗𝟘𝟙": "01901", "０９": "09"} {
		if got := readNumber(s).digits; got != want {
			t.Errorf("%s = %s, want %s", s, got, want)
		}
	}
}
