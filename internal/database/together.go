package database

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/lostorder/lostorder/internal/database/dialect"
)

// question is a query, and what takes the rows of its answer.
type question struct {
	dialect.Question
	needs *question // which has to be answered, or this one is not asked
	err   error     // why there is no answer
}

// after has a question left out when another has no answer.
func (q *question) after(other *question) *question {
	q.needs = other
	return q
}

// failed is an error of the query before it was asked; nil when there is none.
func failed(q dialect.Query, err error) error {
	if err == nil {
		return nil
	}
	return &failure{doing: q.Purpose, reason: err.Error(), cause: err}
}

// left reports whether there is a reason not to ask the question.
func (q *question) left() bool { return q.err != nil || q.needs != nil && q.needs.err != nil }

// together asks questions one after the other, in one round trip where the database
// can; each has its own error. One that the guard refuses keeps no other from being
// asked.
func (r *Reading) together(ctx context.Context, questions ...*question) {
	p, ok := r.dialect.(dialect.Pipeline)
	if !ok || len(questions) == 1 {
		for _, q := range questions {
			if !q.left() {
				q.err = r.run(ctx, q.Query, func(rows *sql.Rows) error { return q.Take(rows) })
			}
		}
		return
	}
	var asked []*question
	var texts []string
	for _, q := range questions {
		if q.left() {
			continue
		}
		if q.err = r.guard(ctx, q.Query); q.err == nil && r.db.sorted[q.Key()] {
			q.err = r.run(ctx, q.Query, func(rows *sql.Rows) error { return q.Take(rows) })
			continue
		}
		if q.err == nil {
			asked, texts = append(asked, q), append(texts, q.SQL)
		}
	}
	answered := 0 // of those that were asked
	if !r.aborted && len(asked) > 0 {
		sent := make([]*dialect.Question, len(asked))
		for i, q := range asked {
			sent[i] = &q.Question
		}
		err := r.call(ctx, len(asked), strings.Join(texts, "; "), func(ctx context.Context) (err error) {
			answered, err = p.Send(ctx, r.conn, sent)
			return err
		})
		if err != nil {
			answered = min(answered, len(asked)-1)
			asked[answered].err = r.fail(asked[answered].Purpose, &asked[answered].Query, err)
			answered, r.aborted = answered+1, true
		}
	}
	for _, q := range asked[answered:] {
		q.err = fmt.Errorf("%s: %w", q.Purpose, errNotAsked)
	}
}
