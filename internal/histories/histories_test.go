package histories_test

import (
	"flag"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

var (
	seed  = flag.Uint64("seed", 0, "run this history only, some times")
	tries = flag.Uint64("histories", 300, "how many histories are run")
)

// again is how often a history is run that is asked for by its seed.
const again = 50

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	debug.SetGCPercent(400) // each history is garbage in the end
	testkit.Main(m)
}

func TestHistories(t *testing.T) {
	shell, err := newShell(batchSize)
	if err != nil {
		t.Fatal(err)
	}
	if *seed != 0 {
		l := newLab(t, shell, defect{})
		for range again {
			if o := l.try(t, *seed); len(o.wrong) > 0 {
				t.Fatal(o)
			}
		}
		return
	}
	var mu sync.Mutex
	var begun uint64
	open := 0
	told := map[string]int{}
	t.Run("in", func(t *testing.T) {
		for n := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint("lab ", n), func(t *testing.T) {
				t.Parallel()
				l := newLab(t, shell, defect{})
				for {
					mu.Lock()
					begun++
					s := begun
					mu.Unlock()
					if s > *tries {
						return
					}
					o := l.try(t, s)
					if len(o.wrong) > 0 {
						t.Errorf("seed %d: make it again with -run TestHistories -seed %d\n%s", s, s, o)
					}
					mu.Lock()
					open += o.open
					for path, n := range o.told {
						told[path] += n
					}
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("clients were told: %v; of %d messages they could have been told more", told, open)
	if uint64(open) > *tries/200 {
		t.Errorf("of %d messages it was not found out in the end that they are there", open)
	}
	for _, path := range paths {
		if told[path] == 0 {
			t.Errorf("nobody was ever told %q, so these histories show nothing of it", path)
		}
	}
}

// Who has what is not seen sent again gets at most what came late twice, and is told nothing else
// that is not true.
func TestHistoriesWithResendAbsent(t *testing.T) {
	shell, err := newShell(batchSize)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, shell, defect{resends: true, options: func(o *idempotency.Options) { o.RetryAbsent = true }})
	for s := uint64(1); s <= *tries/2; s++ {
		if o := l.try(t, s); len(o.wrong) > 0 {
			t.Fatalf("seed %d:\n%s", s, o)
		}
	}
}

// newLab makes what histories share.
func newLab(t *testing.T, shell http.Handler, d defect) lab {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return lab{sandbox: s, shell: shell, defect: d}
}

// try runs the history of a seed.
func (l lab) try(t *testing.T, seed uint64) (o outcome) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { o = newHistory(seed).run(l) })
	return o
}
