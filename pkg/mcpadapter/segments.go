package mcpadapter

import (
	"strings"
	"unicode/utf16"
)

// SMS segments. A text is sent as GSM-7 if it can be, else as UCS-2, of which fewer characters fit.

// The GSM 7-bit alphabet and its extension table (3GPP TS 23.038 §6.2.1). A character of the
// extension takes two places.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
		"¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// A segment carries 140 octets; in a message of several, 6 of them number the parts (3GPP TS 23.040
// §9.2.3.24.1).
const (
	gsmSingle, gsmPart   = 160, 153 // septets
	ucs2Single, ucs2Part = 70, 67   // UTF-16 code units
)

// countSegments tells how many SMS segments a text takes for one recipient. What is billed may
// differ: a carrier may replace characters, and other channels have no segments.
func countSegments(text string) int {
	width, single, part := gsmWidth, gsmSingle, gsmPart
	total := 0
	for _, r := range text {
		w := gsmWidth(r)
		if w == 0 {
			width, single, part = utf16.RuneLen, ucs2Single, ucs2Part
			break
		}
		total += w
	}
	if single == ucs2Single {
		total = 0
		for _, r := range text {
			total += width(r)
		}
	}
	if total == 0 {
		return 0
	}
	if total <= single {
		return 1
	}
	segments, used := 1, 0
	for _, r := range text {
		// A character is not divided between two parts.
		if used += width(r); used > part {
			segments++
			used = width(r)
		}
	}
	return segments
}

// gsmWidth is how many septets a character takes, 0 if the alphabet does not have it.
func gsmWidth(r rune) int {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == ' ':
		return 1
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}
	return 0
}
