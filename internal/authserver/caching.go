package authserver

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	documentDefault = 5 * time.Minute
	documentLongest = 24 * time.Hour
	maxDocuments    = 500
)

// cachedDocument is a document in memory. One that is not fresh any more is still what was fetched
// last.
type cachedDocument struct {
	document *parsedDocument
	until    time.Time
}

// newDocumentCache has room for maxDocuments; those go that were not used for the longest.
func newDocumentCache[T any]() *lru.Cache[string, T] {
	cache, _ := lru.New[string, T](maxDocuments) // only sizes below 1 are an error
	return cache
}

// cached gives the document that was fetched last, nil if it is forgotten, and whether it may be
// used without asking.
func (d *Documents) cached(ref string) (doc *parsedDocument, fresh bool) {
	known, ok := d.cache.Get(ref)
	return known.document, ok && d.Now().Before(known.until)
}

// documentLife is how long an answer may be kept by HTTP's rules (RFC 9111 §4.2, §5.2.2), a day at
// most.
func documentLife(h http.Header, now time.Time) time.Duration {
	life, given := time.Duration(0), false
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache": // no-cache would allow keeping it, but not using it without asking
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return 0 // RFC 9111 §4.2.1: what is not understood counts as stale
			}
			life, given = time.Duration(seconds)*time.Second, true
		}
	}
	if !given {
		life = documentDefault
		if expires := h.Get("Expires"); expires != "" { // RFC 9111 §5.3
			t, err := http.ParseTime(expires)
			if err != nil {
				return 0
			}
			life = t.Sub(now)
		}
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil {
		life -= time.Duration(age) * time.Second
	}
	return max(0, min(life, documentLongest))
}
