package args

import (
	"strings"
	"testing"
)

func TestPlaceholders(t *testing.T) {
	for s, want := range map[string]string{
		"Hi {{first_name}}!": "{{first_name}}", "Hi {{ contact.name | default: 'you' }}": "{{ contact.name | default: 'you' }}", "Hi {{}}": "{{}}",
		"Dear *|FNAME|*,": "*|FNAME|*", "Hi %NAME%": "%NAME%", "Hi %%FIRSTNAME%%, bye": "%%FIRSTNAME%%", "%first_name%": "%first_name%",
		"Hi <first_name>": "<first_name>", "Hi <Name>,": "<Name>", "Hello [Name]": "[Name]", "[First Name], hello": "[First Name]",
		"[Customer's Name]": "", "Dear [Your Name]": "[Your Name]", "[INSERT DATE]": "[INSERT DATE]", "[customer_name]": "[customer_name]",
		"Hi ${user.name}": "${user.name}", "Hi {name}": "{name}", "Hi {first_name}": "{first_name}", "Hi {% if x %}": "{% if x %}", "<%= name %>": "<%= name %>",
		"[[first name]]": "[[first name]]", "Hi [object Object]": "[object Object]", "from [Company Name]": "[Company Name]",
		// People write so.
		"Save 20% TODAY, 50% TOMORROW": "", "Save 20%NOW50%": "", "I <3 you": "", "a < b > c": "", "<b>bold</b>": "", "[STOP] to end": "", "[1] see below": "",
		"[Link]": "", "[Date]": "", "{ok}": "", "{smile}": "", "* not | this *": "", "$5 {off}": "", "100 %": "", "a%20b%20c": "", "{\"plan\":\"premium\"}": "",
		"https://example.com/?a=%7Bname%7D": "", "Room [A]": "", "<jane@example.com>": "", "%": "",
	} {
		if got := Placeholder(s); got != want {
			t.Errorf("Placeholder(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestEscapedLineBreaks(t *testing.T) {
	for s, want := range map[string]bool{
		`Hi\nthere`: true, `Hi\r\nthere`: true, `a\n\nb`: true, `Note:\nYes`: true, `Plan B:\nYes\nNo`: true, "Hi\nthere": false, `C:\users\new`: false,
		`/n`: false, `\`: false,
	} {
		if got := HasEscapedLineBreak(s); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
}

func TestWhatNobodySees(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, " \n": true, "\u200b": true, "\u200b\u2060 \ufeff": true, "\u3164": true, "\u2800": true, "\u115f\u1160": true, "\ufe0f": true,
		"\U000e0041": true, ".": false, "👍🏽": false, "\u200d👩": false, "é": false,
	} {
		if got := IsBlank(s); got != want {
			t.Errorf("IsBlank(%q) = %v", s, got)
		}
	}
}

func TestMediaThatNoCarrierReaches(t *testing.T) {
	for s, want := range map[string]string{
		"https://example.com/a.jpg": "", "http://example.com:8080/a": "", "https://8.8.8.8/a": "", "https://[2606:4700::1111]/a": "", "HTTPS://Example.COM./a": "",
		"https://bücher.example.org/a": "", "https://cdn.example/1": "", "https://1.example.com/": "",
		"": "is empty", "ftp://example.com/a": "does not begin", "file:///a": "does not begin", "data:image/png;base64,AA": "does not begin", "/a.jpg": "does not begin",
		"example.com/a": "does not begin", "https:///a": "names no host", "https://u:p@example.com/a": "holds a user", "https://example.com/a b": "holds a space",
		"https://example.com/%zz": "is not a URL", "https://example.com:99999/a": "names a port", "https://example.com:0/a": "names a port",
		"https://example.com:x/a": "is not a URL", "https://example.com/{{id}}.jpg": "holds a placeholder",
	} {
		if got := MediaProblem(s); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	for _, host := range []string{
		"localhost", "localhost:8080", "LOCALHOST.", "a.localhost", "intranet", "printer.local", "nas.lan", "a.internal", "router.home.arpa", "a.test",
		"127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "10.0.0.5", "172.16.1.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
		"0.0.0.0", "224.0.0.1", "255.255.255.255", "[::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fd00::1]", "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]",
		"[2002:a00:1::1]", "[::]", "example..com", "10。0。0。5", "localhost。", "192.0.2.7", "999.1.1.1",
	} {
		if got := MediaProblem("https://" + host + "/a.jpg"); !strings.HasPrefix(got, "names a host that no carrier reaches") {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func TestIDs(t *testing.T) {
	for s, want := range map[string]string{
		"1": "", "k-1": "", "5d0e8d03-d09f-47e5-8017-4d00cbf737f4": "", "usr_1A.b:c~d@e=+": "", "15551234567": "", "12345-678": "",
		"+15551234567": "is a phone number", "+1-555-123-4567": "is a phone number", "(555) 123-4567": "is a phone number", "tel:+15551234567": "is a phone number",
		"all": "is a word", "ALL": "is a word", "none": "is a word", "batch": "is a word", "*": "holds a character", "": "is empty", "..": "has nothing but dots",
		"a/b": "holds a character", "a b": "holds a character",
	} {
		if got := IDProblem(s, `"6f1c2d7e"`); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
