// Command testsummary reads the output of go test -json, prints what failed with its output, and
// closes with one line that counts the tests: "N passed, N failed, N skipped". A package that
// failed without a failing test (it did not build, a goroutine leaked, time ran out) counts as one.
// It exits 1 if anything failed or nothing ran, and with -all also if anything was skipped.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
	ImportPath                    string
}

func main() {
	all := flag.Bool("all", false, "fail for what was skipped too")
	flag.Parse()
	os.Exit(summarize(os.Stdin, os.Stdout, *all))
}

func summarize(in io.Reader, out io.Writer, all bool) int {
	var passed, failed, skipped int
	failedTests := map[string]int{} // by package
	output := map[string]*strings.Builder{}
	for d := json.NewDecoder(in); ; {
		var e event
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			fmt.Fprintln(out, "not the output of go test -json:", err)
			return 1
		}
		key := e.Package + e.ImportPath + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case "fail", "build-fail":
			fmt.Fprintf(out, "FAIL %s\n%s\n", key, text(output[key]))
			switch {
			case e.Test != "":
				failed++
				failedTests[e.Package]++
			case e.Action == "fail" && failedTests[e.Package] == 0:
				failed++
			}
		case "skip":
			if e.Test != "" {
				skipped++
				fmt.Fprintf(out, "SKIP %s\n%s", key, text(output[key]))
			}
		case "pass":
			if e.Test != "" {
				passed++
			} else {
				fmt.Fprintf(out, "ok   %s\n", e.Package)
			}
		}
		if e.Action == "pass" {
			delete(output, key)
		}
	}
	if all && skipped > 0 {
		fmt.Fprintf(out, "\n%d tests were skipped where everything has to run\n", skipped)
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || passed == 0 || all && skipped > 0 {
		return 1
	}
	return 0
}

func text(b *strings.Builder) string {
	if b == nil {
		return ""
	}
	return b.String()
}
