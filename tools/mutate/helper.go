package main

import (
	"strconv"
	"strings"
)

const (
	helperFile = "mutate_helper.go" // exists in the overlay only
	envActive  = "MUTATE_ACTIVE"    // the number of the fault to show
	envReached = "MUTATE_REACHED"   // the file for the numbers of those that are reached
)

// helperImports are what the text imports.
var helperImports = []string{"os", "strconv", "sync/atomic"}

// helper returns the file that decides which fault is shown.
func (p *pkg) helper(faults int) []byte {
	return []byte(strings.NewReplacer("PACKAGE", p.types.Name(), "COUNT", strconv.Itoa(faults+1),
		"ACTIVE", strconv.Quote(envActive), "REACHED", strconv.Quote(envReached)).Replace(helperText))
}

const helperText = `package PACKAGE

import (
	mutateos "os"
	mutatestrconv "strconv"
	mutateatomic "sync/atomic"
)

var (
	mutateActive, _ = mutatestrconv.Atoi(mutateos.Getenv(ACTIVE))
	mutateReached   = mutateos.Getenv(REACHED)
	mutateSeen      [COUNT]mutateatomic.Bool
)

func mutateOn(n int) bool {
	if mutateReached != "" && !mutateSeen[n].Swap(true) {
		f, err := mutateos.OpenFile(mutateReached, mutateos.O_APPEND|mutateos.O_CREATE|mutateos.O_WRONLY, 0o600)
		if err == nil {
			f.WriteString(mutatestrconv.Itoa(n) + "\n")
			f.Close()
		}
	}
	return n == mutateActive
}

type mutateInteger interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr
}

type mutateNumber interface{ mutateInteger | ~float32 | ~float64 }

type mutateOrdered interface{ mutateNumber | ~string }

func mutateZero[T any](n int, v T) T {
	if mutateOn(n) {
		return *new(T)
	}
	return v
}

func mutatePick[T any](n int, v, other T) T {
	if mutateOn(n) {
		return other
	}
	return v
}

func mutateTimes4[T mutateNumber](n int, v T) T {
	if mutateOn(n) {
		return v * 4
	}
	return v
}

func mutateOver4[T mutateNumber](n int, v T) T {
	if mutateOn(n) {
		return v / 4
	}
	return v
}

func mutateLess[T mutateOrdered](n int, a, b T) bool    { return a < b || a == b && mutateOn(n) }
func mutateGreater[T mutateOrdered](n int, a, b T) bool { return a > b || a == b && mutateOn(n) }
func mutateAtMost[T mutateOrdered](n int, a, b T) bool  { return a < b || a == b && !mutateOn(n) }
func mutateAtLeast[T mutateOrdered](n int, a, b T) bool { return a > b || a == b && !mutateOn(n) }

func mutateAdd[T mutateNumber](n int, a, b T) T {
	if mutateOn(n) {
		return a - b
	}
	return a + b
}

func mutateJoin[T ~string](n int, a, b T) T {
	if mutateOn(n) {
		return b + a
	}
	return a + b
}

func mutateSub[T mutateNumber](n int, a, b T) T {
	if mutateOn(n) {
		return b - a
	}
	return a - b
}

func mutateMul[T mutateNumber](n int, a, b T) T {
	if mutateOn(n) {
		return a / b
	}
	return a * b
}

func mutateDiv[T mutateNumber](n int, a, b T) T {
	if mutateOn(n) {
		return b / a
	}
	return a / b
}

func mutateRem[T mutateInteger](n int, a, b T) T {
	if mutateOn(n) {
		return b % a
	}
	return a % b
}
`
