package main

import (
	"bytes"
	"errors"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestMemoryStaysWithinTheContainer(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	container := memlimit.Limit(1 << 30)
	for _, tt := range []struct {
		name, variable string
		container      memlimit.Provider
		want           int64
		says           string
	}{
		{"nine tenths of it", "", container, 966367641, "bytes=966367641"},
		{"GOMEMLIMIT has the last word", "512MiB", container, 1 << 40, "bytes=1099511627776"}, // which the runtime has read
		{"no container", "", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, math.MaxInt64, "nothing limits"},
		{"one that cannot be read", "", func() (uint64, error) { return 0, errors.New("no cgroups") }, 1 << 40, "set GOMEMLIMIT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", tt.variable)
			if tt.variable == "" {
				if err := os.Unsetenv("GOMEMLIMIT"); err != nil {
					t.Fatal(err)
				}
			}
			debug.SetMemoryLimit(1 << 40)
			var log bytes.Buffer
			limitMemory(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), tt.container)
			if got := debug.SetMemoryLimit(-1); got != tt.want || !strings.Contains(log.String(), tt.says) {
				t.Errorf("limit %d, want %d; log %s", got, tt.want, &log)
			}
		})
	}
}

func TestGarbageIsHalfOfWhatIsInUse(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	container := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	for set, want := range map[int]int{100: 50, 200: 200, 20: 20, -1: -1} { // the runtime has read GOGC
		debug.SetGCPercent(set)
		limitMemory(slog.New(slog.DiscardHandler), container)
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("%d: %d, want %d", set, got, want)
		}
	}
}
