package sandbox

import "strings"

// How much a segment carries (3GPP TS 23.038, 23.040): alone, and as a part of several, where a
// header takes room.
const (
	septetsAlone, septetsPart = 160, 153
	unitsAlone, unitsPart     = 70, 67
)

// GSM 03.38: the default alphabet, and what needs an escape and so takes two septets.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡" +
		"ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// segments counts the SMS segments of a text; an empty one takes 1.
func segments(text string) int {
	septets := func(r rune) int {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			return 1
		case strings.ContainsRune(gsmExtended, r):
			return 2
		}
		return 0
	}
	units := func(r rune) int {
		if r > 0xFFFF {
			return 2
		}
		return 1
	}
	for _, r := range text {
		if septets(r) == 0 {
			return pack(text, units, unitsAlone, unitsPart)
		}
	}
	return pack(text, septets, septetsAlone, septetsPart)
}

// pack counts the parts a text takes; a character is never split over two.
func pack(text string, size func(rune) int, alone, part int) int {
	total, parts, used := 0, 1, 0
	for _, r := range text {
		n := size(r)
		total += n
		if used+n > part {
			parts, used = parts+1, 0
		}
		used += n
	}
	if total <= alone {
		return 1
	}
	return parts
}
