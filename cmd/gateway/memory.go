package main

import (
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// memoryPart is what of a container's memory the Go runtime may take before it collects garbage all
// the time. The rest is for stacks of the kernel, socket buffers and what the limit overshoots by.
const memoryPart = 0.9

// garbagePercent is how much garbage there may be to what is in use, unless GOGC says something
// else. Go's 100 would have a process take twice what it needs at the height of a flood; this costs
// a few percent of a core where there is much to do.
const (
	garbagePercent = 50
	usualPercent   = 100
)

// limitMemory has the runtime keep within the memory of its container, unless GOMEMLIMIT says what
// to keep to. Where the container's limit cannot be read there is none, as Go has it by default.
func limitMemory(logger *slog.Logger, container memlimit.Provider) {
	if before := debug.SetGCPercent(garbagePercent); before != usualPercent {
		debug.SetGCPercent(before)
	}
	limit, err := memlimit.Set(memlimit.WithRatio(memoryPart), memlimit.WithProvider(container))
	switch {
	case err != nil:
		logger.Debug("the memory of the container is not known; set GOMEMLIMIT to bound that of the process", "error", err)
	case limit == math.MaxInt64:
		logger.Debug("nothing limits the memory of the process")
	default:
		logger.Info("the process keeps its memory below a limit", "bytes", limit)
	}
}
