package checkup

import (
	"regexp"
	"slices"
	"strings"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/signal"
)

// granted is a GRANT on a table: which columns, on what, and to whom.
var granted = regexp.MustCompile(`^GRANT SELECT(?: \((.*)\))? ON (.+) TO (.+)$`)

// missing are the statements for the rights that a reading or the advice after it showed to be
// lacking. Advice names the columns that the target reads, where the server only says that the
// table is refused.
func missing(remedies []signal.Remedy, advice []collectors.Advice) (statements []string) {
	for _, remedy := range remedies {
		if remedy.Kind != signal.RemedyGrant && remedy.Kind != signal.RemedyConnect {
			continue
		}
		for _, lacked := range split(remedy.Text) {
			statements = append(statements, narrowed(lacked, advice))
		}
	}
	for _, a := range advice {
		statements = append(statements, split(a.Lacking)...)
	}
	return merged(statements)
}

// narrowed is the advised statement about the same table and user, or else the statement.
func narrowed(lacked string, advice []collectors.Advice) string {
	want := granted.FindStringSubmatch(lacked)
	if want == nil {
		return lacked
	}
	for _, a := range advice {
		if a.Kind != collectors.Grant {
			continue
		}
		for _, s := range split(a.Paste) {
			if got := granted.FindStringSubmatch(s); got != nil && got[2] == want[2] && got[3] == want[3] {
				return s
			}
		}
	}
	return lacked
}

// merged returns each statement once, and one for each table and user, with all columns.
func merged(statements []string) (all []string) {
	for _, s := range statements {
		part := granted.FindStringSubmatch(s)
		i := slices.IndexFunc(all, func(other string) bool {
			same := granted.FindStringSubmatch(other)
			return other == s || part != nil && same != nil && same[2] == part[2] && same[3] == part[3]
		})
		switch {
		case i < 0:
			all = append(all, s)
		case all[i] != s:
			all[i] = joined(granted.FindStringSubmatch(all[i]), part)
		}
	}
	return all
}

// joined is the grant of the columns of two. Without columns, it is of the whole table.
func joined(a, b []string) string {
	columns := ""
	if a[1] != "" && b[1] != "" {
		names := strings.Split(a[1], ", ")
		for name := range strings.SplitSeq(b[1], ", ") {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		columns = " (" + strings.Join(names, ", ") + ")"
	}
	return "GRANT SELECT" + columns + " ON " + a[2] + " TO " + a[3]
}

// split cuts text into statements or commands: at line ends, and at semicolons that are in no
// quotes. A shell's word has its quotes escaped outside of quotes.
func split(text string) (all []string) {
	var quote rune
	escaped := false
	cut := func(r rune) bool {
		was := escaped
		escaped = quote == 0 && !was && r == '\\'
		switch {
		case was:
			return false
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"' || r == '`':
			quote = r
		}
		return quote == 0 && (r == ';' || r == '\n')
	}
	for _, s := range strings.FieldsFunc(text, cut) {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Grants are the statements that the targets lack, and the commands of brokers, both merged.
func (r *Result) Grants() (sql, commands []string) {
	for i := range r.Targets {
		for _, s := range r.Targets[i].Missing {
			if strings.HasPrefix(s, "GRANT ") || strings.HasPrefix(s, "ALTER ") || strings.HasPrefix(s, "CREATE ") {
				sql = append(sql, s)
			} else {
				commands = append(commands, s)
			}
		}
	}
	return merged(sql), merged(commands)
}
