package config

import "strings"

// minSurprise is how many characters of a secret must not follow from the others. 32 hexadecimal
// digits, the least that openssl rand -hex 16 gives, have 30 or more; what people type by hand or
// by pattern has fewer than 15.
const minSurprise = 20

// weak tells whether a secret is one that a guesser tries first: published with this project, or
// made of words, rows of keys, sequences and repetitions. It is a bound on carelessness, not a
// measure of strength: a secret that passes may still be known to somebody.
func weak(secret string) bool {
	s := strings.ToLower(secret)
	for _, known := range published() {
		if strings.Contains(s, known) {
			return true
		}
	}
	return surprise(s) < minSurprise
}

// published are values that stand in this project's own pages, of which the pattern alone would not
// tell.
func published() []string {
	return []string{
		"6f1c2d7e-8a4b-4c1e-9f3d-2b7a5e9c0d11", // the idempotency key of README.md
		"5d0e8d03-d09f-47e5-8017-4d00cbf737f4", // inboxes of the sandbox
		"c3a5f0de-6b1c-4e52-9a77-2f8d1b90e6a4",
		"9a41c7e2-38f5-4b0d-a6c3-71de50b28f19",
	}
}

// surprise counts the characters of a lower-case text that do not follow from what is before them.
// What follows counts as one however long it is: a word or a row of keys; three characters or more
// that were there before; and steps from character to character that were there before, as in aaaa,
// 4567 or a1b2c3. Separators count nothing.
func surprise(s string) int {
	n := 0
	for i := 0; i < len(s); n++ {
		if strings.IndexByte(" -_.,:;/+=", s[i]) >= 0 {
			i++
			n--
			continue
		}
		i += max(1, word(s, i), repeated(s, i), stepped(s, i))
	}
	return n
}

// repeated is how long what begins at i was there before, 0 if it is shorter than three characters.
func repeated(s string, i int) int {
	longest := 0
	for j := range i {
		n := 0
		for i+n < len(s) && s[j+n] == s[i+n] {
			n++
		}
		longest = max(longest, n)
	}
	if longest < 3 {
		return 0
	}
	return longest
}

// stepped is how many characters from i on are reached by steps that were made before in the same
// order, 0 if fewer than three.
func stepped(s string, i int) int {
	step := func(k int) int { return int(s[k]) - int(s[k-1]) }
	longest := 0
	for j := 1; j < i; j++ {
		n := 0
		for i+n < len(s) && step(j+n) == step(i+n) {
			n++
		}
		longest = max(longest, n)
	}
	if longest < 3 {
		return 0
	}
	return longest
}

// words are what people write where a secret should be: placeholders, what it is for, and rows of
// keys.
const words = " abc access admin alice all and api app auth cafe cafebabe change changed changeme changethis char character " +
	"characters chars chat choose clerk client cluster config correct deadbeef default demo dev devel development do docker " +
	"dummy dont enter env every everybody everyone example fake fill fix fixed foo bar baz for from gateway generate generated " +
	"give good hello here hex hunter hunter2 id in insecure instead is it jwt key keys known least length letmein local " +
	"localhost long longer make master mcp me minimum must my need new nobody not now of old one only or own p455w0rd pass " +
	"passphrase password passwd paste phrase please pr0d private prod production put put-your pwd random really replace replaced " +
	"replaceme root safe sandbox secret secrets secure server service session set setme shared should simple some something " +
	"staging string strong super temp temporary test tester testing tests than the thing this thirty three to token top two " +
	"amet battery brown consectetur dolor dog fox horse ipsum jumps lazy lorem over quick sit staple " + // phrases that everybody knows
	"unsafe unset use user value very welcome with world xxx you your yourself zero " +
	"qwertyuiop qwerty qwertz qwertzuiop azerty azertyuiop asdf asdfghjkl yxcvbnm zxcvbnm wasd 1qaz 2wsx 3edc 4rfv 5tgb 6yhn " +
	"7ujm 8ik 9ol 0p qaz wsx edc rfv tgb yhn ujm 31337 1337 "

// word is the length of the longest of the words that begins at i, 0 if none does. One of two
// letters has to stand alone.
func word(s string, i int) int {
	for n := min(12, len(s)-i); n >= 2; n-- {
		if !strings.Contains(words, " "+s[i:i+n]+" ") {
			continue
		}
		if n > 2 || (i == 0 || !alphanumeric(s[i-1])) && (i+n == len(s) || !alphanumeric(s[i+n])) {
			return n
		}
	}
	return 0
}

func alphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
