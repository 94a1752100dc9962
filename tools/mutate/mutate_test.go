package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const shopDir = "./testdata/shop"

func measured(t *testing.T, o options) (*result, []byte) {
	t.Helper()
	if o.n == 0 {
		o.n = 1000
	}
	o.dir, o.workers, o.factor = ".", 2, 5
	if o.slack == 0 {
		o.slack = 2 * time.Second
	}
	before := sourcesOf(t)
	res, err := measure(t.Context(), o, shopDir, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, sourcesOf(t)) {
		t.Error("the tree was changed")
	}
	var out strings.Builder
	res.print(&out)
	return res, []byte(out.String())
}

func sourcesOf(t *testing.T) []string {
	t.Helper()
	var all []string
	files, err := filepath.Glob(shopDir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file, string(data))
	}
	return all
}

func TestFaultsAreNoticedOrSurvive(t *testing.T) {
	res, report := measured(t, options{})
	got := map[string]verdict{}
	for i, f := range res.faults {
		got[strings.TrimPrefix(f.key, "testdata/shop: ")] = res.verdicts[i]
	}
	want := map[string]verdict{
		`New: assignment dropped: name = strings.TrimSpace(name)`:                  killed,
		`New: assignment dropped: note = strings.TrimSpace(note)`:                  survived,
		`New: check dropped: name == ""`:                                           killed,
		`New: check dropped: len(note) > Hidden`:                                   unreached,
		`New: negated: name == ""`:                                                 killed,
		`New: bound: len(note) > Hidden with >=`:                                   unreached,
		`New: result zeroed: ErrEmpty of return nil, ErrEmpty`:                     killed,
		`New: field zeroed: Name: name`:                                            killed,
		`New: field zeroed: Note: note`:                                            survived,
		`Hidden: constant: Hidden × 4`:                                             survived,
		`Life: constant: Life × 4`:                                                 killed,
		`Life: constant: Life ÷ 4`:                                                 killed,
		`Small: bound: n <= Limit with <`:                                          killed,
		`Tiny: bound: n < 3 with <=`:                                               unreached,
		`Tiny: constant: 3 × 4`:                                                    survived,
		`Tiny: constant: 3 ÷ 4`:                                                    killed,
		`Both: operator: a && b with ||`:                                           killed,
		`Either: operator: a || b with &&`:                                         survived,
		`Either: negated: a`:                                                       killed,
		`Less: operands swapped: a - b`:                                            killed,
		`Join: operands swapped: a + b`:                                            survived,
		`Starts: operands swapped: a, b in strings.HasPrefix()`:                    killed,
		`Starts: call dropped: note(a)`:                                            survived,
		`Starts: operator: strings.HasPrefix(a, b) && a[0] != 'x' with ||`:         killed,
		`Wait: negated: n > 0`:                                                     killed,
		`Wait: assignment dropped: n--`:                                            timedOut,
		`Must: check dropped: err == nil`:                                          killed,
		`Must: constant: 1 × 4`:                                                    killed,
		`Unused: operator: a * 2 with /`:                                           unreached,
		`Unused: constant: 2 × 4`:                                                  unreached,
		`New: result zeroed: errors.New("long") of return nil, errors.New("long")`: unreached,
		`Starts: negated: a[0] != 'x'`:                                             killed,
		`Small: result zeroed: n <= Limit of return n <= Limit`:                    killed,
		`Wait: result zeroed: n of return n`:                                       survived,
	}
	for key, v := range want {
		if got[key] != v {
			t.Errorf("%s: %q, want %q", key, got[key], v)
		}
	}
	for key := range got {
		for _, never := range []string{"panic", "64 ×", "[4]byte", "'x' × 4"} {
			if strings.Contains(key, never) {
				t.Errorf("%s is a fault, though %s has to stay or means nothing", key, never)
			}
		}
	}
	for _, want := range []string{"shop.go:28: survived\n    testdata/shop: New: assignment dropped: note", "noticed of those that change anything: "} {
		if !strings.Contains(string(report), want) {
			t.Errorf("%q is not in the report:\n%s", want, report)
		}
	}
}

func TestFurtherTestsNotice(t *testing.T) {
	res, report := measured(t, options{tests: "./testdata/customer", run: "Unused"})
	for i, f := range res.faults {
		if f.function == "Unused" && res.verdicts[i] != killed {
			t.Errorf("%s: %q, want %q\n%s", f.key, res.verdicts[i], killed, report)
		}
	}
}

func TestEquivalentFaultsDoNotCount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "equivalent.txt")
	text := "# a comment\n\n" +
		"testdata/shop: Unused: operator: a * 2 with / # nobody calls it\n" +
		"testdata/shop: Gone: negated: true # was there once\n" +
		"testdata/other: Gone: negated: true # is of another package\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	res, report := measured(t, options{equivalent: file, run: "TestMust", all: true})
	if got := res.count(equivalent); got != 1 {
		t.Errorf("%d change nothing, want 1", got)
	}
	if want := []string{"testdata/shop: Gone: negated: true"}; !slices.Equal(res.stale, want) {
		t.Errorf("stale: %q, want %q", res.stale, want)
	}
	if !strings.Contains(string(report), "nobody calls it") {
		t.Errorf("the reason is not in the report:\n%s", report)
	}
	if err := os.WriteFile(file, []byte("testdata/shop: Unused: operator: a * 2 with /\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := equivalents(file); err == nil || !strings.Contains(err.Error(), "no reason") {
		t.Errorf("an entry without a reason: %v", err)
	}
}

func TestTheSampleDependsOnTheSeedAlone(t *testing.T) {
	p, err := load(t.Context(), ".", shopDir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.compiling(p.find())
	if err != nil {
		t.Fatal(err)
	}
	keys := func(faults []*fault) (keys []string) {
		for _, f := range faults {
			keys = append(keys, f.key)
		}
		return keys
	}
	first := keys(sample(all, 10, 1))
	if len(first) != 10 || !slices.Equal(first, keys(sample(all, 10, 1))) {
		t.Errorf("the same seed gives %q, then something else", first)
	}
	if slices.Equal(first, keys(sample(all, 10, 2))) {
		t.Error("another seed gives the same sample")
	}
	// What is left of a package keeps its place in the sample.
	without := slices.DeleteFunc(slices.Clone(all), func(f *fault) bool { return f.key == first[0] })
	for _, key := range first[1:] {
		if !slices.Contains(keys(sample(without, 10, 1)), key) {
			t.Errorf("%s left the sample because another fault did", key)
		}
	}
}

func TestWhatFailsWithoutAFaultIsReported(t *testing.T) {
	t.Setenv("SHOP_FAILS", "1")
	_, err := measure(t.Context(), options{dir: ".", n: 1, workers: 1, factor: 5, slack: time.Second}, shopDir, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "TestMust fails without a fault") {
		t.Errorf("got %v", err)
	}
}
