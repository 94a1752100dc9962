package mcpadapter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/sanitize"
)

// maxName is how much of a name that came from outside is repeated in a message.
const maxName = 40

func quoteName(name string) string {
	if len(name) > maxName {
		name = sanitize.Cut(name, maxName) + "…"
	}
	return strconv.Quote(name)
}

func listOf(names []string) string { return strings.Join(names, ", ") }

// meant returns the known name that an unknown one most likely means, "" if none comes close. What
// other APIs call an argument is known at once; comparing letters is for the first few names of a
// call alone.
func (f *fields) meant(name string) string {
	if len(name) > maxName {
		return ""
	}
	plain := plainName(name)
	if meant := synonym(plain); slices.Contains(f.known, meant) {
		return meant
	}
	if f.problems.guesses++; f.problems.guesses > maxGuesses {
		return ""
	}
	return nearest(plain, f.known)
}

// nearest returns the known name that differs in the fewest letters, "" if none comes close.
func nearest(plain string, known []string) string {
	best, distance := "", 1+min(2, len(plain)/2)
	for _, k := range known {
		if d := editDistance(plain, plainName(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// plainName makes mediaUrls, MEDIA-URLS and media_urls equal.
func plainName(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// synonym knows what other messaging APIs call the arguments of these tools.
func synonym(plain string) string {
	switch plain {
	case "to", "recipient", "tonumber", "tonumbers", "phonenumbers":
		return "recipients"
	case "from", "fromnumber":
		return "sender"
	case "text", "message", "content", "msg":
		return "body"
	case "media", "mediaurl", "attachments", "images":
		return "media_urls"
	case "id", "contact":
		return "contact_id"
	case "phonenumber", "mobile", "tel", "number":
		return "phone"
	case "list", "audience", "cohort", "group":
		return "list_name"
	case "sendat", "scheduledat", "schedule", "time", "date":
		return "timestamp"
	case "inbox", "inboxid":
		return "inbox_ids"
	case "since", "fromtime", "after":
		return "start"
	case "until", "before":
		return "end"
	case "pagesize", "perpage", "count":
		return "limit"
	case "metadata", "attributes", "customfields":
		return "data"
	}
	return ""
}

// editDistance is the Levenshtein distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
