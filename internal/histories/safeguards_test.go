package histories_test

import (
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
)

// enough is how many histories it may take until the lack of a safeguard is noticed.
const enough = 3000

func TestAMissingSafeguardIsNoticed(t *testing.T) {
	shell, err := newShell(batchSize)
	if err != nil {
		t.Fatal(err)
	}
	option := func(change func(*idempotency.Options)) defect { return defect{options: change} }
	for name, d := range map[string]defect{
		"there is no memory":                      {once: noMemory},
		"an attempt is made that was not granted": {once: changed(uncommitted)},
		"keys of all people are one":              {once: changed(func(w *task) { w.Subject = "" })},
		"nothing is known again without a key":    {once: changed(traceless())},
		"parts of a batch are one":                {once: changed(func(w *task) { w.Part = min(w.Part, 1) })},
		"what is not seen is taken for a no":      {once: told(notSeenIsNo)},
		"what looks like it is taken for it":      {once: told(firstFound)},
		"what was made is not claimed":            {once: changed(misnamed)},
		"a look that failed saw nothing":          {once: changed(blind)},
		"a 503 is taken for a no":                 {api: status503IsNo},
		"a POST that broke is made again":         {api: repeatedPost},
		"a record is begun over another":          option(func(o *idempotency.Options) { o.Operations = overwriting{o.Operations} }),
		"a record is changed uncompared":          option(func(o *idempotency.Options) { o.Operations = uncompared{o.Operations} }),
		"records are the process's own":           option(func(o *idempotency.Options) { o.Operations = newOwn() }),
		"works that look alike do not know of each other": option(func(o *idempotency.Options) {
			o.Fingerprints = void{o.Fingerprints}
		}),
		"tenants do not know of each other's attempts": {once: changed(apart)},
		"claims are always granted":                    option(func(o *idempotency.Options) { o.Claims = void{o.Claims} }),
		"a lost memory is not noticed":                 option(func(o *idempotency.Options) { o.Epoch = newOwn() }),
		"keys work after a loss":                       option(func(o *idempotency.Options) { o.ExecuteOnLoss = true }),
		"what is not seen is sent again":               option(func(o *idempotency.Options) { o.RetryAbsent = true }),
		"a look that failed sends again": {
			once: changed(blind), options: func(o *idempotency.Options) { o.RetryAbsent = true }, resends: true,
		},
		"keys are forgotten soon":        option(func(o *idempotency.Options) { o.KeyLife = 5 * time.Second }),
		"repetitions are forgotten soon": option(func(o *idempotency.Options) { o.RetransmissionLife = 500 * time.Millisecond }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, shell, d)
			for s := uint64(1); s <= enough; s++ {
				if o := l.try(t, s); len(o.wrong) > 0 {
					t.Logf("noticed in history %d: %s", s, o.wrong[0])
					return
				}
			}
			t.Errorf("%d histories do not notice", enough)
		})
	}
}

// harmless is how many histories show that a mistake does no harm.
const harmless = 150

func TestSafetyDoesNotRestOnKnowingWhoLives(t *testing.T) {
	shell, err := newShell(batchSize)
	if err != nil {
		t.Fatal(err)
	}
	for name, beats := range map[string]bool{"the dead are taken for alive": true, "the living are taken for dead": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Who is taken for alive is waited for as long as one that lives may take: here that is
			// over when clients ask for the last time, so that they are told more than that
			// somebody is at it.
			l := newLab(t, shell, defect{options: func(o *idempotency.Options) {
				o.Replicas, o.TakeoverTime, o.Attempt = pulse{o.Replicas, beats}, 2*time.Second, 30*time.Second
			}})
			for s := uint64(1); s <= harmless; s++ {
				if o := l.try(t, s); len(o.wrong) > 0 {
					t.Fatalf("seed %d:\n%s", s, o)
				}
			}
		})
	}
}
