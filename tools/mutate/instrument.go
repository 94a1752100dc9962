package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mark stands in the text of an edit for the number of its fault.
const mark = "§"

// edit puts text before and after a range of a file, or in its place. Ranges are those of syntax
// nodes, so that one lies within the other or apart from it.
type edit struct {
	file       string
	start, end int
	level      int // of edits of the same range, the lower one is outside
	before     string
	after      string
	replace    bool // by before
}

// fault is one change of the package.
type fault struct {
	file, function, kind, change string
	line                         int
	key                          string // package: function: kind: change, with a number if it stands there more than once
	edits                        []edit
}

// span is where an edit of a fault came to stand in an instrumented file.
type span struct {
	fault      *fault
	file       string
	start, end int
}

// instrument returns the package's files with the faults compiled in: the fault at index i has the
// number i+1.
func (p *pkg) instrument(faults []*fault) (map[string][]byte, []span) {
	type numbered struct {
		edit
		fault *fault
		id    int
	}
	edits := map[string][]numbered{}
	for i, f := range faults {
		for _, e := range f.edits {
			edits[e.file] = append(edits[e.file], numbered{e, f, i + 1})
		}
	}
	out := map[string][]byte{}
	var spans []span
	for _, name := range p.names {
		src, todo := p.sources[name], edits[name]
		slices.SortStableFunc(todo, func(a, b numbered) int {
			return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.level, b.level))
		})
		var b bytes.Buffer
		var open []int                   // indexes of spans
		var closing []numbered           // the edits of open
		copied := 0                      // how much of src is written
		closeUntil := func(offset int) { // those that end there or before
			for len(open) > 0 && closing[len(closing)-1].end <= offset {
				last := closing[len(closing)-1]
				b.Write(src[copied:last.end])
				copied = last.end
				b.WriteString(strings.ReplaceAll(last.after, mark, strconv.Itoa(last.id)))
				spans[open[len(open)-1]].end = b.Len()
				open, closing = open[:len(open)-1], closing[:len(closing)-1]
			}
		}
		for _, e := range todo {
			closeUntil(e.start)
			b.Write(src[copied:e.start])
			copied = e.start
			begin := b.Len()
			b.WriteString(strings.ReplaceAll(e.before, mark, strconv.Itoa(e.id)))
			if e.replace {
				copied = e.end
				spans = append(spans, span{e.fault, name, begin, b.Len()})
				continue
			}
			spans = append(spans, span{e.fault, name, begin, 0})
			open, closing = append(open, len(spans)-1), append(closing, e)
		}
		closeUntil(len(src))
		b.Write(src[copied:])
		out[name] = b.Bytes()
	}
	return out, spans
}

// compiling returns those of the faults that compile, together and each for itself.
func (p *pkg) compiling(faults []*fault) ([]*fault, error) {
	for {
		sources, spans := p.instrument(faults)
		problems := p.check(sources, p.helper(len(faults)))
		if len(problems) == 0 {
			return faults, nil
		}
		bad := map[*fault]bool{}
		var smallest *fault
		for _, pr := range problems {
			size := 0
			for _, s := range spans {
				if s.file != pr.file || pr.offset < s.start || pr.offset > s.end {
					continue
				}
				if smallest == nil || s.end-s.start < size {
					smallest, size = s.fault, s.end-s.start
				}
				if _, known := bad[s.fault]; !known {
					alone, _ := p.instrument([]*fault{s.fault})
					bad[s.fault] = len(p.check(alone, p.helper(1))) > 0
				}
			}
		}
		left := slices.DeleteFunc(slices.Clone(faults), func(f *fault) bool { return bad[f] })
		if len(left) == len(faults) { // none is wrong for itself
			if smallest == nil {
				return nil, fmt.Errorf("the instrumented package does not compile: %s", problems[0].text)
			}
			left = slices.DeleteFunc(left, func(f *fault) bool { return f == smallest })
		}
		faults = left
	}
}
