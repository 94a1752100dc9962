package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

func TestToldBoundsEachKindAndCountsTheRest(t *testing.T) {
	var told web.Told
	now := time.Unix(1_000_000, 0)
	lines := 0
	for range 100 {
		if tell, untold := told.Tell(now, "store", 3); tell {
			lines++
			if untold != 0 {
				t.Errorf("the first minute begins with %d untold", untold)
			}
		}
	}
	if lines != 3 {
		t.Errorf("told %d times, want 3", lines)
	}
	if tell, _ := told.Tell(now, "provider", 3); !tell {
		t.Error("one kind keeps another from being told")
	}
	if tell, untold := told.Tell(now.Add(time.Minute), "store", 3); !tell || untold != 97 {
		t.Errorf("a minute later: told %t, and that %d were not; want 97", tell, untold)
	}
	for i := range 5000 { // made-up kinds take no memory without bound, and are no reason to say nothing
		if tell, _ := told.Tell(now, fmt.Sprint(i), 1); !tell {
			t.Fatalf("kind %d is not told", i)
		}
	}
}
