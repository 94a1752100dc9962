package differential

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// table is the file of differences.
const table = "differences.txt"

// difference is what the gateway answers and another server does not.
type difference struct{ server, ours, theirs, request string }

// group is what differs for one reason. Its heading is "## reason [section of the specification]",
// which goes on in lines that are indented.
type group struct {
	heading string
	rows    []difference
}

// unexplained is the heading of what is new.
const unexplained = "## Not explained yet: say why, and by which section of which specification []"

// readTable reads the groups: under each heading lines "= server | ours | theirs", and under each
// of these the names of requests.
func readTable(t *testing.T, file string) (preamble string, groups []group) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[difference]bool{}
	var now difference
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		switch {
		case strings.HasPrefix(line, "## "):
			groups = append(groups, group{heading: line})
			now = difference{}
		case len(groups) == 0:
			preamble += line + "\n"
		case strings.HasPrefix(line, indent):
			groups[len(groups)-1].heading += " " + strings.TrimSpace(line)
		case strings.HasPrefix(line, "= "):
			parts := strings.Split(strings.TrimPrefix(line, "= "), " | ")
			if len(parts) != 3 {
				t.Fatalf("%s:%d: want = server | ours | theirs", table, i+1)
			}
			now = difference{server: parts[0], ours: parts[1], theirs: parts[2]}
		case line != "":
			row := now
			row.request = line
			if one := (difference{server: row.server, request: row.request}); seen[one] {
				t.Errorf("%s:%d: %s differs twice from %s", table, i+1, row.request, row.server)
			} else {
				seen[one] = true
			}
			g := &groups[len(groups)-1]
			g.rows = append(g.rows, row)
		}
	}
	for _, g := range groups {
		if reason, section, ok := strings.Cut(g.heading, " ["); !ok || len(reason) < 20 || len(section) < 8 && g.heading != unexplained {
			t.Errorf("%s: %q is not a reason with a [section]", table, g.heading)
		}
	}
	return preamble, groups
}

// indent is before the lines with which a heading goes on, and lineLength their greatest length.
const (
	indent     = "   "
	lineLength = 100
)

// wrap breaks a heading into lines.
func wrap(heading string) string {
	var b strings.Builder
	length := 0
	for i, word := range strings.Fields(heading) {
		switch {
		case i > 0 && length+1+len(word) > lineLength:
			b.WriteString("\n" + indent)
			length = len(indent)
		case i > 0:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}

// judge says what is wrong with the groups: what they have and was not found, what was found and is
// not in them, and what has no reason.
func judge(groups []group, found map[difference]bool) (faults []string) {
	explained := map[difference]bool{}
	for _, g := range groups {
		for _, d := range g.rows {
			explained[d] = true
			switch {
			case !found[d]:
				faults = append(faults, fmt.Sprintf("%s: take out that the gateway answers %q and %s %q, which they do not any more (or run with -update)",
					d.request, d.ours, d.server, d.theirs))
			case g.heading == unexplained:
				faults = append(faults, fmt.Sprintf("%s: that the gateway answers %q and %s %q has no reason", d.request, d.ours, d.server, d.theirs))
			}
		}
	}
	for d := range found {
		if !explained[d] {
			faults = append(faults, fmt.Sprintf("%s: the gateway answers %q, %s %q: say why in %s, or mend it", d.request, d.ours, d.server, d.theirs, table))
		}
	}
	slices.Sort(faults)
	return faults
}

// writeTable keeps the reasons of differences that are as they were, drops those that are not, and
// puts new ones to the end.
func writeTable(t *testing.T, file, preamble string, groups []group, found map[difference]bool) {
	t.Helper()
	last := group{heading: unexplained}
	known := map[difference]bool{}
	var kept []group
	for _, g := range groups {
		if g.heading == unexplained {
			continue
		}
		g.rows = slices.DeleteFunc(g.rows, func(d difference) bool { return !found[d] })
		for _, d := range g.rows {
			known[d] = true
		}
		kept = append(kept, g)
	}
	for d := range found {
		if !known[d] {
			last.rows = append(last.rows, d)
		}
	}
	var b bytes.Buffer
	b.WriteString(preamble)
	for _, g := range append(kept, last) {
		if len(g.rows) == 0 {
			continue
		}
		slices.SortFunc(g.rows, func(a, b difference) int {
			return strings.Compare(fmt.Sprint(a.server, "|", a.ours, "|", a.theirs, "|", a.request),
				fmt.Sprint(b.server, "|", b.ours, "|", b.theirs, "|", b.request))
		})
		b.WriteString(wrap(g.heading) + "\n")
		before := difference{}
		for _, d := range g.rows {
			if before.server != d.server || before.ours != d.ours || before.theirs != d.theirs {
				fmt.Fprintf(&b, "= %s | %s | %s\n", d.server, d.ours, d.theirs)
			}
			b.WriteString(d.request + "\n")
			before = d
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(file, append(bytes.TrimSpace(b.Bytes()), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}
