package mcpadapter

import (
	"fmt"
	"strings"
)

// maxProblems is how many problems of one call are listed; more than that helps nobody and makes a long answer.
const maxProblems = 20

// problems collects what is wrong with the arguments of one call. A problem names the field, says what is wrong and
// what would be right; it repeats no number and no text, which may be somebody's.
//
// What is wrong may be as large as a request: whoever goes through a list of foreign length stops when it is [problems.full].
type problems struct {
	list []string
	// total is how many were found so far.
	total int
	// unread says that not everything was looked at, so that there may be more.
	unread bool
	// guesses is for how many unknown names it was looked which known one is meant.
	guesses int
}

func (p *problems) add(path, format string, args ...any) {
	p.total++
	if len(p.list) < maxProblems {
		p.list = append(p.list, path+" "+fmt.Sprintf(format, args...))
	}
}

// full tells whether another problem would not be told any more. Whoever asks then looks no further, which is noted.
func (p *problems) full() bool {
	if len(p.list) < maxProblems {
		return false
	}
	p.unread = true
	return true
}

// join adds the problems of another.
func (p *problems) join(other *problems) {
	p.total += other.total
	p.list = append(p.list, other.list[:min(len(other.list), maxProblems-len(p.list))]...)
}

func (p *problems) any() bool { return p.total > 0 }

// text is what the client is told: all problems at once, so that one correction is enough, unless there are very many.
func (p *problems) text(tool string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s was not carried out, because its arguments need correcting:", tool)
	for _, problem := range p.list {
		b.WriteString("\n- ")
		b.WriteString(problem)
	}
	switch more := p.total - len(p.list); {
	case p.unread:
		b.WriteString("\n- and there may be more: not everything was looked at")
	case more > 0:
		fmt.Fprintf(&b, "\n- and %d more", more)
	}
	return b.String()
}
