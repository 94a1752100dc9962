package mcpadapter

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

const (
	// maxProblems is how many mistakes of one call are listed; more than that helps nobody and
	// makes a long answer.
	maxProblems = 20
	// maxRowProblems is how many mistakes of one row of a batch that skips such rows are told.
	maxRowProblems = 3
	// maxRanges is how many ranges of positions are given in all.
	maxRanges = 600
)

// problems collects what is wrong with the arguments of one call. A problem names the field, says
// what is wrong and what would be right; it repeats no text, which may be somebody's, and no number
// but the one that it proposes. The same mistake in several rows of a batch is said once, with all
// their positions.
//
// What is wrong may be as large as a request: whoever goes through a list of foreign length stops
// when it is [problems.full].
type problems struct {
	list []mistake
	// most is how many are kept; 0: maxProblems.
	most int
	// total is how many were found so far.
	total int
	// unread says that not everything was looked at, so that there may be more.
	unread bool
	// guesses is for how many unknown names it was looked which known one is meant.
	guesses int
}

// mistake is a problem with the places where it is.
type mistake struct {
	place
	said  args.Problem
	at    []span
	count int
}

// place is where a problem is: at a path, or in a row of a batch.
type place struct {
	list  string // "" if it is not in a row
	field string // with the dot in front if it is in one
}

// span are positions in a row.
type span struct{ first, last int }

func (p *problems) add(path, format string, values ...any) {
	text := format
	if len(values) > 0 {
		text = fmt.Sprintf(format, values...)
	}
	p.addProblem(path, args.Problem{One: text})
}

// addProblem adds what is wrong at a path such as sender or recipients[2].
func (p *problems) addProblem(path string, said args.Problem) {
	p.total++
	if len(p.list) < p.bound() {
		p.list = append(p.list, mistake{place: place{field: path}, said: said, count: 1})
	}
}

// addRow adds what is wrong with an entry of a list.
func (p *problems) addRow(where place, position int, said args.Problem) {
	p.total++
	for i := range p.list {
		m := &p.list[i]
		if m.place != where || m.said.One != said.One && (said.Many == "" || !sameKind(m.said.Many, said.Many)) {
			continue
		}
		m.count++
		if last := &m.at[len(m.at)-1]; position == last.last+1 {
			last.last = position
		} else if position > last.last {
			m.at = append(m.at, span{position, position})
		}
		return
	}
	if len(p.list) < p.bound() {
		p.list = append(p.list, mistake{where, said, []span{{position, position}}, 1})
	}
}

// sameKind tells whether two texts for many differ in nothing but the example, which is in quotes.
func sameKind(a, b string) bool {
	a, _, _ = strings.Cut(a, `"`)
	b, _, _ = strings.Cut(b, `"`)
	return a == b
}

func (p *problems) bound() int {
	if p.most > 0 {
		return p.most
	}
	return maxProblems
}

// full tells whether another problem would not be told any more. Whoever asks then looks no
// further, which is noted.
func (p *problems) full() bool {
	if len(p.list) < p.bound() {
		return false
	}
	p.unread = true
	return true
}

// merge adds the problems of another, which are at places that this one has none of.
func (p *problems) merge(other *problems) {
	p.total += other.total
	p.unread = p.unread || other.unread
	p.list = append(p.list, other.list[:min(len(other.list), max(p.bound()-len(p.list), 0))]...)
}

// joinRow adds the problems of an entry of a list.
func (p *problems) joinRow(list string, position int, row *problems) {
	p.total += row.total - len(row.list)
	p.unread = p.unread || row.unread
	for _, m := range row.list {
		where := place{list, m.field}
		if m.field != "" {
			where.field = "." + m.field
		}
		p.addRow(where, position, m.said)
	}
}

func (p *problems) any() bool { return p.total > 0 }

// text is what the client is told: all problems at once, so that one correction is enough, unless
// there are very many.
func (p *problems) text(tool string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s was not carried out, because its arguments need correcting:", tool)
	ranges, told := maxRanges, 0
	for i := range p.list {
		told += p.list[i].count
		b.WriteString("\n- ")
		b.WriteString(p.list[i].text(&ranges))
	}
	switch more := p.total - told; {
	case p.unread:
		b.WriteString("\n- and there may be more: not everything was looked at")
	case more > 0:
		fmt.Fprintf(&b, "\n- and %d more", more)
	}
	return b.String()
}

// sentence is what is wrong with one row.
func (p *problems) sentence() string {
	said := make([]string, 0, len(p.list)+1)
	for i := range p.list {
		said = append(said, strings.TrimSpace(p.list[i].text(new(int))))
	}
	if p.total > len(p.list) {
		said = append(said, "and more")
	}
	return strings.Join(said, "; ")
}

// text says where and what. ranges is how many may still be given.
func (m *mistake) text(ranges *int) string {
	said := m.said.One
	if m.count > 1 && m.said.Many != "" {
		said = m.said.Many
	}
	if m.list == "" {
		return m.field + " " + said
	}
	var b strings.Builder
	b.WriteString(m.list + "[")
	for i, s := range m.at {
		if i > 0 && *ranges <= 0 {
			b.WriteString(", …")
			break
		}
		*ranges--
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(s.first))
		if s.last > s.first {
			b.WriteString("-" + strconv.Itoa(s.last))
		}
	}
	b.WriteString("]" + m.field + " ")
	if m.count > 2 {
		fmt.Fprintf(&b, "(%d of them) ", m.count)
	}
	return b.String() + said
}
