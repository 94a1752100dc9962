package main

import (
	"strings"
	"testing"
)

func TestTheSummaryCountsWhatHappened(t *testing.T) {
	tests := map[string]struct {
		events   []string
		wantLast string
		wantExit int
		wantSaid string
		all      bool
	}{
		"all passed": {
			events: []string{
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/sub"}`,
				`{"Action":"pass","Package":"p"}`,
			},
			wantLast: "2 passed, 0 failed, 0 skipped", wantSaid: "ok   p",
		},
		"two modules, one after the other": {
			events: []string{
				`{"Action":"pass","Package":"m/p","Test":"TestA"}`,
				`{"Action":"pass","Package":"m/p"}`,
				`{"Action":"start","Package":"m/e2e/p"}`,
				`{"Action":"pass","Package":"m/e2e/p","Test":"TestA"}`,
				`{"Action":"fail","Package":"m/e2e/p","Test":"TestB"}`,
				`{"Action":"fail","Package":"m/e2e/p"}`,
			},
			wantLast: "2 passed, 1 failed, 0 skipped", wantExit: 1, wantSaid: "ok   m/p",
		},
		"a test failed": {
			events: []string{
				`{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:7: wrong\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Test":"TestB"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			wantLast: "1 passed, 1 failed, 0 skipped", wantExit: 1, wantSaid: "a_test.go:7: wrong",
		},
		"a package failed though its tests passed": {
			events: []string{
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Output":"goleak: found a goroutine\n"}`,
				`{"Action":"fail","Package":"p"}`,
			},
			wantLast: "1 passed, 1 failed, 0 skipped", wantExit: 1, wantSaid: "goleak: found a goroutine",
		},
		"a package did not build": {
			events: []string{
				`{"ImportPath":"p [p.test]","Action":"build-output","Output":"a.go:3:1: syntax error\n"}`,
				`{"ImportPath":"p [p.test]","Action":"build-fail"}`,
				`{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
				`{"Action":"pass","Package":"q","Test":"TestB"}`,
			},
			wantLast: "1 passed, 1 failed, 0 skipped", wantExit: 1, wantSaid: "a.go:3:1: syntax error",
		},
		"a test was skipped": {
			events: []string{
				`{"Action":"output","Package":"p","Test":"TestA","Output":"no server here\n"}`,
				`{"Action":"skip","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Test":"TestB"}`,
				`{"Action":"skip","Package":"without tests"}`,
			},
			wantLast: "1 passed, 0 failed, 1 skipped", wantSaid: "no server here",
		},
		"a test was skipped where everything has to run": {
			events: []string{
				`{"Action":"skip","Package":"p","Test":"TestA"}`,
				`{"Action":"pass","Package":"p","Test":"TestB"}`,
				`{"Action":"skip","Package":"without tests"}`,
			},
			all: true, wantLast: "1 passed, 0 failed, 1 skipped", wantExit: 1, wantSaid: "where everything has to run",
		},
		"nothing was skipped where everything has to run": {
			events: []string{`{"Action":"pass","Package":"p","Test":"TestB"}`, `{"Action":"skip","Package":"without tests"}`},
			all:    true, wantLast: "1 passed, 0 failed, 0 skipped",
		},
		"nothing ran": {
			wantLast: "0 passed, 0 failed, 0 skipped", wantExit: 1,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			exit := summarize(strings.NewReader(strings.Join(tc.events, "\n")), &out, tc.all)
			if exit != tc.wantExit {
				t.Errorf("exit %d, want %d", exit, tc.wantExit)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if last := lines[len(lines)-1]; last != tc.wantLast {
				t.Errorf("the last line is %q, want %q", last, tc.wantLast)
			}
			if !strings.Contains(out.String(), tc.wantSaid) {
				t.Errorf("%q is not in:\n%s", tc.wantSaid, out.String())
			}
		})
	}
}

func TestWhatIsNotTestOutputIsAFailure(t *testing.T) {
	var out strings.Builder
	if exit := summarize(strings.NewReader("go: cannot find main module\n"), &out, false); exit != 1 {
		t.Errorf("exit %d, want 1", exit)
	}
}
