package idempotency_test

import (
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

func TestInspectEpochReadsTheStore(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		o := idempotency.Options{}
		underSecrets(t, secretA)(&o)
		var foreign idempotency.Options
		underSecrets(t, secretB)(&foreign)
		check := func(when string, sealer session.Sealer, want idempotency.EpochInfo) {
			t.Helper()
			got, err := idempotency.InspectEpoch(t.Context(), s.part(epochs), sealer)
			if err != nil || got.Found != want.Found || got.Readable != want.Readable || got.LostLately != want.LostLately ||
				!got.Born.Equal(want.Born) || !got.Lost.Equal(want.Lost) {
				t.Errorf("%s: %+v %v, want %+v", when, got, err, want)
			}
		}
		check("nothing", o.Sealer, idempotency.EpochInfo{})
		if len(s.names(epochs)) != 0 {
			t.Error("it takes part in it")
		}
		born := time.Now()
		start(t, s, rarely)
		time.Sleep(time.Minute)
		check("an epoch", o.Sealer, idempotency.EpochInfo{Found: true, Readable: true, Born: born})
		check("under another secret", foreign.Sealer, idempotency.EpochInfo{Found: true})
		s.lose()
		time.Sleep(10 * time.Minute) // the next beat is at ten minutes
		again := born.Add(10 * time.Minute)
		check("a loss", o.Sealer, idempotency.EpochInfo{Found: true, Readable: true, Born: again, LostLately: true, Lost: again})
		time.Sleep(25 * time.Hour)
		check("a loss that is over", o.Sealer, idempotency.EpochInfo{Found: true, Readable: true, Born: again, Lost: again})

		way := &line{}
		records := faultyRecords{s.part(epochs), epochs, way}
		for n := range 2 {
			seen := 0
			way.set(func(l *line) {
				l.rule = func(string, string, string) fault {
					if seen++; seen == n+1 {
						return before
					}
					return noFault
				}
			})
			if _, err := idempotency.InspectEpoch(t.Context(), records, o.Sealer); !errors.Is(err, errStore) {
				t.Errorf("operation %d fails: %v", n+1, err)
			}
		}
	})
}
