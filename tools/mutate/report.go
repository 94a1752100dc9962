package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// equivalents reads the faults that change nothing, and the reason of each: "package: function:
// kind: change # reason".
func equivalents(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	known := map[string]string{}
	scanner := bufio.NewScanner(f)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndex(line, " # ")
		if at < 0 || strings.TrimSpace(line[at+3:]) == "" {
			return nil, fmt.Errorf("%s:%d has no reason: want \"package: function: kind: change # reason\"", path, n)
		}
		known[strings.TrimSpace(line[:at])] = strings.TrimSpace(line[at+3:])
	}
	return known, scanner.Err()
}

// stale are the entries for a package that name none of its faults.
func stale(known map[string]string, rel string, all []*fault) []string {
	var keys []string
	for key := range known {
		if strings.HasPrefix(key, rel+": ") && !slices.ContainsFunc(all, func(f *fault) bool { return f.key == key }) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// result is what came of a sample.
type result struct {
	pkg       string
	seed      uint64
	possible  int // faults that compile
	faults    []*fault
	verdicts  []verdict
	stale     []string
	reasons   map[string]string
	listEquiv bool
}

func (r *result) count(v ...verdict) int {
	n := 0
	for _, one := range r.verdicts {
		if slices.Contains(v, one) {
			n++
		}
	}
	return n
}

func percent(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

func (r *result) print(w io.Writer) {
	type row struct{ noticed, survived, equivalent int }
	rows := map[string]*row{}
	for i, f := range r.faults {
		if rows[f.file] == nil {
			rows[f.file] = &row{}
		}
		switch r.verdicts[i] {
		case killed, timedOut:
			rows[f.file].noticed++
		case equivalent:
			rows[f.file].equivalent++
		default:
			rows[f.file].survived++
		}
	}
	fmt.Fprintf(w, "%-28s %8s %8s %8s\n", "file", "noticed", "survived", "no fault")
	for _, file := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(w, "%-28s %8d %8d %8d\n", file, rows[file].noticed, rows[file].survived, rows[file].equivalent)
	}
	for i, f := range r.faults {
		if v := r.verdicts[i]; v == equivalent && r.listEquiv {
			fmt.Fprintf(w, "%s/%s:%d: %s\n    %s # %s\n", r.pkg, f.file, f.line, v, f.key, r.reasons[f.key])
		}
	}
	if n := r.count(survived, unreached); n > 0 {
		fmt.Fprint(w, "\nSurvivors, each with the line for equivalent.txt if it changes nothing:\n")
	}
	for i, f := range r.faults {
		if v := r.verdicts[i]; v == survived || v == unreached {
			fmt.Fprintf(w, "%s/%s:%d: %s\n    %s\n", r.pkg, f.file, f.line, v, f.key)
		}
	}
	for _, key := range r.stale {
		fmt.Fprintf(w, "equivalent.txt names a fault that does not exist: %s\n", key)
	}
	noticed, nothing := r.count(killed, timedOut), r.count(equivalent)
	fmt.Fprintf(w, "\n%s, seed %d: %d faults of %d: %d noticed (%d by time), %d survived (%d not reached), %d change nothing\n",
		r.pkg, r.seed, len(r.faults), r.possible, noticed, r.count(timedOut), r.count(survived, unreached), r.count(unreached), nothing)
	fmt.Fprintf(w, "noticed of those that change anything: %s\n", percent(noticed, len(r.faults)-nothing))
}
