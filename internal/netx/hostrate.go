package netx

import (
	"sync"
	"time"
)

const (
	// maxPerHost is how many fetches a host gets of this process in a minute, whoever asks: enough for every version of
	// every client of one publisher, and nothing that a host would notice.
	maxPerHost = 120
	hostPeriod = time.Minute
	maxHosts   = 1000
)

// hostRate bounds what one host is asked, so that many who ask here cannot flood it.
type hostRate struct {
	now   func() time.Time
	mu    sync.Mutex
	hosts map[string]fetches
}

type fetches struct {
	since time.Time
	n     int
}

// allow counts a fetch. Of too many hosts the counts that are over are forgotten, and then any other: whoever names so many
// hosts asks none of them often.
func (h *hostRate) allow(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	f, known := h.hosts[host]
	if !known && len(h.hosts) >= maxHosts {
		h.makeRoom(now)
	}
	if now.Sub(f.since) >= hostPeriod {
		f = fetches{since: now}
	}
	if f.n >= maxPerHost {
		return false
	}
	f.n++
	h.hosts[host] = f
	return true
}

func (h *hostRate) makeRoom(now time.Time) {
	for host, f := range h.hosts {
		if now.Sub(f.since) >= hostPeriod {
			delete(h.hosts, host)
		}
	}
	for host := range h.hosts {
		if len(h.hosts) < maxHosts {
			return
		}
		delete(h.hosts, host)
	}
}
