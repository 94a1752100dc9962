package netx

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// maxPerHost is how many fetches a host gets of this process in a minute, whoever asks: enough
	// for every version of every client of one publisher, and nothing that a host would notice.
	maxPerHost = 120
	hostPeriod = time.Minute
	maxHosts   = 1000
)

// hostRate bounds what one host is asked, so that many who ask here cannot flood it.
type hostRate struct {
	now   func() time.Time
	mu    sync.Mutex
	hosts *simplelru.LRU[string, fetches]
}

type fetches struct {
	since time.Time
	n     int
}

func newHostRate(now func() time.Time) hostRate {
	hosts, _ := simplelru.NewLRU[string, fetches](maxHosts, nil) // only sizes below 1 are an error
	return hostRate{now: now, hosts: hosts}
}

// allow counts a fetch. Of too many hosts the count that changed the longest ago is forgotten:
// whoever names so many hosts asks none of them often.
func (h *hostRate) allow(host string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	f, _ := h.hosts.Get(host)
	if now.Sub(f.since) >= hostPeriod {
		f = fetches{since: now}
	}
	if f.n >= maxPerHost {
		return false
	}
	f.n++
	h.hosts.Add(host, f)
	return true
}
