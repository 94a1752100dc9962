package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	dir, equivalent, tests, run string
	n, workers, factor          int
	seed                        uint64
	slack                       time.Duration
	short, list, all            bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o options
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "dir", ".", "the root of the module")
	flags.StringVar(&o.equivalent, "equivalent", "", "the file of faults that change nothing")
	flags.StringVar(&o.tests, "tests", "", "further packages whose tests are run, separated by commas")
	flags.StringVar(&o.run, "run", "", "only tests whose name matches this pattern")
	flags.IntVar(&o.n, "n", 300, "how many faults")
	flags.Uint64Var(&o.seed, "seed", 1, "what chooses them")
	flags.IntVar(&o.workers, "workers", runtime.NumCPU(), "how many are tried at once")
	flags.IntVar(&o.factor, "factor", 5, "a fault's tests may take so many times what they take without it,")
	flags.DurationVar(&o.slack, "slack", 10*time.Second, "and so much")
	flags.BoolVar(&o.short, "short", false, "run the tests with -short")
	flags.BoolVar(&o.list, "list", false, "list the sample and try nothing")
	flags.BoolVar(&o.all, "v", false, "list those that change nothing, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("name one package")
	}
	res, err := measure(ctx, o, flags.Arg(0), stdout, stderr)
	if err != nil || res == nil {
		return err
	}
	res.print(stdout)
	return nil
}

func measure(ctx context.Context, o options, pattern string, stdout, stderr io.Writer) (*result, error) {
	matching, err := regexp.Compile(o.run)
	if err != nil {
		return nil, err
	}
	known := map[string]string{}
	if o.equivalent != "" {
		if known, err = equivalents(o.equivalent); err != nil {
			return nil, err
		}
	}
	p, err := load(ctx, o.dir, pattern)
	if err != nil {
		return nil, err
	}
	possible, err := p.compiling(p.find())
	if err != nil {
		return nil, err
	}
	faults := sample(possible, o.n, o.seed)
	if o.list {
		for _, f := range faults {
			fmt.Fprintf(stdout, "%s:%d: %s\n", f.file, f.line, f.key)
		}
		return nil, nil
	}
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	log := func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	patterns := []string{pattern}
	if o.tests != "" {
		patterns = append(patterns, strings.Split(o.tests, ",")...)
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return nil, err
	}
	log("%d faults are possible, %d are tried", len(possible), len(faults))
	suites, err := build(ctx, p, faults, o.dir, work, patterns)
	if err != nil {
		return nil, err
	}
	r := &runner{
		work: work, workers: o.workers, short: o.short, factor: o.factor, slack: o.slack, run: matching, log: log,
	}
	start := time.Now()
	tests, err := r.baseline(ctx, suites)
	if err != nil {
		return nil, err
	}
	log("%d tests pass without a fault (%v)", len(tests), time.Since(start).Round(time.Second))
	verdicts := r.judgeAll(ctx, faults, tests, known)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	log("done after %v", time.Since(start).Round(time.Second))
	return &result{
		pkg: p.rel, seed: o.seed, possible: len(possible), faults: faults, verdicts: verdicts,
		stale: stale(known, p.rel, possible), reasons: known, listEquiv: o.all,
	}, nil
}

// sample chooses n of the faults by the seed and their keys, and leaves them in their order.
func sample(faults []*fault, n int, seed uint64) []*fault {
	rank := func(f *fault) uint64 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(f.key + " " + strconv.FormatUint(seed, 10))) // a hash takes everything
		x := h.Sum64()
		x ^= x >> 33 // FNV alone spreads the end of its input badly over the high bits
		x *= 0xff51afd7ed558ccd
		return x ^ x>>33
	}
	chosen := map[*fault]bool{}
	byRank := slices.SortedFunc(slices.Values(faults), func(a, b *fault) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a.key, b.key))
	})
	for _, f := range byRank[:min(n, len(byRank))] {
		chosen[f] = true
	}
	return slices.DeleteFunc(slices.Clone(faults), func(f *fault) bool { return !chosen[f] })
}
