package idempotency

import (
	"context"
	"encoding/json"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// EpochInfo is what an operator may know of the store's epoch without taking part in it.
type EpochInfo struct {
	// Found says that there is one, Readable that it was sealed with a secret that is known here.
	Found, Readable bool
	// Born is when it began.
	Born time.Time
	// LostLately says that the store lost its data so lately that keys of before may be missed;
	// Lost is when that was noticed.
	LostLately bool
	Lost       time.Time
}

// InspectEpoch reads the epoch of a store and changes nothing.
func InspectEpoch(ctx context.Context, records Records, sealer session.Sealer) (EpochInfo, error) {
	raw, found, err := records.Get(ctx, epochName)
	if err != nil || !found {
		return EpochInfo{}, err
	}
	info := EpochInfo{Found: true}
	var e epoch
	if b, err := sealer.Open(raw, []byte(epochName)); err == nil && json.Unmarshal(b, &e) == nil && e.ID != "" {
		info.Readable, info.Born, info.Lost = true, e.Born, e.Lost
	}
	if info.Lost.IsZero() {
		return info, nil
	}
	_, info.LostLately, err = records.Get(ctx, lostName)
	return info, err
}
