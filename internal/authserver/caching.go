package authserver

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	documentDefault = 5 * time.Minute
	documentLongest = 24 * time.Hour
	maxDocuments    = 500
)

// cachedDocument is a document in memory. One that is not fresh any more is still what was fetched last.
type cachedDocument struct {
	document *parsedDocument
	until    time.Time
}

// cached gives the document that was fetched last, nil if it is forgotten, and whether it may be used without asking.
func (d *Documents) cached(ref string) (doc *parsedDocument, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, ok := d.cache[ref]
	return known.document, ok && d.Now().Before(known.until)
}

// remember puts a document into the cache; of too many, those that are not fresh and then any other are forgotten.
func (d *Documents) remember(ref string, c cachedDocument) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.cache, ref)
	if len(d.cache) >= maxDocuments {
		now := d.Now()
		for key, old := range d.cache {
			if !now.Before(old.until) {
				delete(d.cache, key)
			}
		}
	}
	for key := range d.cache {
		if len(d.cache) < maxDocuments {
			break
		}
		delete(d.cache, key)
	}
	d.cache[ref] = c
}

// documentLife is how long an answer may be kept by HTTP's rules (RFC 9111 §4.2, §5.2.2), a day at most.
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
