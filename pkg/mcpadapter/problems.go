package mcpadapter

import (
	"fmt"
	"strings"
)

// maxProblems is how many problems of one call are listed; more than that helps nobody and makes a long answer.
const maxProblems = 20

// problems collects all that is wrong with the arguments of one call. A problem names the field, says what is wrong and
// what would be right; it repeats no number and no text, which may be somebody's.
type problems struct {
	list  []string
	total int
}

func (p *problems) add(path, format string, args ...any) {
	p.total++
	if len(p.list) < maxProblems {
		p.list = append(p.list, path+" "+fmt.Sprintf(format, args...))
	}
}

// join adds the problems of another.
func (p *problems) join(other *problems) {
	p.total += other.total
	p.list = append(p.list, other.list[:min(len(other.list), maxProblems-len(p.list))]...)
}

func (p *problems) any() bool { return p.total > 0 }

// text is what the client is told: all problems at once, so that one correction is enough.
func (p *problems) text(tool string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s was not carried out, because its arguments need correcting:", tool)
	for _, problem := range p.list {
		b.WriteString("\n- ")
		b.WriteString(problem)
	}
	if more := p.total - len(p.list); more > 0 {
		fmt.Fprintf(&b, "\n- and %d more", more)
	}
	return b.String()
}
