package propose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lostorder/lostorder/collectors/outbox"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/shape"
)

// What the columns of an outbox are called.
var (
	publishedNames = []string{"published_at", "processed_at", "sent_at", "dispatched_at", "published_on", "processed_on", "processed_on_utc", "publish_time", "sent_on", "relayed_at", "delivered_at", "completed_at", "processed_date", "published_date"}
	flagNames      = []string{"published", "sent", "processed", "dispatched", "is_published", "is_sent", "is_processed", "delivered", "relayed"}
	statusNames    = []string{"status", "state", "publish_status", "publication_status"}
	attemptNames   = []string{"attempts", "retries", "retry_count", "failure_count", "tries", "delivery_attempts", "error_count"}
	errorNames     = []string{"last_error", "error", "error_message", "failure_reason"}
	outboxCreated  = []string{"created_at", "occurred_at", "occurred_on", "occurred_on_utc", "created_on", "created", "created_date", "inserted_at", "creation_time", "timestamp", "event_time", "added"}

	pendingValues = []string{"pending", "new", "created", "queued", "ready", "waiting", "unpublished", "notpublished", "scheduled", "unsent", "retrying", "processing", "publishing", "inprogress", "started"}
	failedValues  = []string{"failed", "error", "dead", "failure", "exhausted", "abandoned", "giveup"}
	doneValues    = []string{"published", "sent", "done", "processed", "completed", "success", "succeeded", "delivered", "dispatched"}
)

func isOutboxName(name string) bool { return shape.Has(name, "outbox") }

func isInboxName(name string) bool {
	return shape.Has(name, "inbox") || shape.Has(name, "processed", "consumed", "handled", "idempotent") && shape.Has(name, "message", "event", "consumer")
}

// outboxes proposes the outboxes of a database.
func (p *proposal) outboxes() {
	for _, t := range p.db.Tables {
		if t.Denied || t.View || shape.IsInternal(t) {
			continue
		}
		columns := make([]string, len(t.Columns))
		for i, c := range t.Columns {
			columns[i] = c.Name
		}
		if r, ok := outbox.Recognize(t.Name, columns); ok {
			p.preset(t, r)
		} else if isOutboxName(t.Name) || looksLikeOutbox(t) {
			p.outbox(t)
		}
	}
	p.logs()
}

// preset proposes the outbox of a library.
func (p *proposal) preset(t *shape.Table, r outbox.Recognized) {
	e := &draft.Entry{Name: entryName(t)}
	e.Why = append(e.Why, fmt.Sprintf("Table %s has the columns of the outbox that %s writes.", t.Ref, r.Preset))
	e.Lines = []draft.Line{{Key: "database", Value: p.db.Name}, {Key: "preset", Value: r.Preset}}
	if r.Table || strings.Contains(t.Ref, ".") && r.Preset != "cap" {
		e.Lines = append(e.Lines, draft.Line{Key: "table", Value: t.Ref})
	}
	if r.Positions != "" {
		group := "GROUP"
		for _, other := range p.db.Tables {
			if other.Name == r.Positions {
				if groups := other.Sample.Count("consumer_group"); len(groups) == 1 {
					group = groups[0].Value
				}
			}
		}
		e.Lines = append(e.Lines, draft.Line{Key: "position", Value: draft.Map{{Key: "where", Value: "consumer_group = " + literal(group)}}, Note: "the group that publishes, if there are several", Off: group == "GROUP"})
	}
	e.Lines = append(e.Lines, draft.Line{Key: "max_age", Value: Round(time.Minute), Note: "how long an event may wait"})
	if r.Preset == "laravel" {
		e.Why = append(e.Why, "It is a queue of jobs: each job that waits counts as pending. Name the queue with the jobs of orders in where, if there are several.")
	}
	p.out.Add("outboxes", e)
}

// looksLikeOutbox reports whether a table has what an outbox needs: the body of a message, when it was
// written, and whether it was published.
func looksLikeOutbox(t *shape.Table) bool {
	if isInboxName(t.Name) || shape.IsEffectName(t.Name) || shape.IsOrderName(t.Name) {
		return false
	}
	payload := slices.ContainsFunc(t.Columns, shape.IsPayload)
	kind := t.First(nil, "type", "event_type", "topic", "destination", "aggregate_type", "aggregatetype", "routing_key", "event_name", "message_type") != ""
	return payload && kind && t.First(shape.MayBeTime, outboxCreated...) != "" && (t.First(nil, publishedNames...) != "" || t.First(nil, flagNames...) != "")
}

// outbox proposes an outbox by its shape.
func (p *proposal) outbox(t *shape.Table) {
	if isInboxName(t.Name) || len(t.Key) != 1 {
		return
	}
	created := t.First(shape.MayBeTime, outboxCreated...)
	if created == "" {
		return
	}
	e := &draft.Entry{Name: entryName(t)}
	columns := draft.Map{{Key: "id", Value: t.Key[0]}, {Key: "created_at", Value: created}}
	lines := []draft.Line{{Key: "database", Value: p.db.Name}, {Key: "table", Value: t.Ref}}
	add := func(key, column string) {
		if column != "" {
			columns = append(columns, draft.Pair{Key: key, Value: column})
		}
	}
	age, seen := Round(time.Minute), ""
	marker := ""
	switch published, flag, status := t.First(shape.MayBeTime, publishedNames...), t.First(isFlag, flagNames...), t.First(shape.IsState, statusNames...); {
	case published != "" && nullable(t, published):
		marker = fmt.Sprintf("column %s is NULL until it is published", published)
		add("published_at", published)
		if q := between(t, created, published); q.n > 0 {
			age, seen = Round(max(time.Minute, 2*q.p99, q.max+q.max/5)), fmt.Sprintf("%d rows were published, %s", q.n, q)
		}
	case status != "":
		pending, failed, all := statuses(t, status)
		if len(pending) == 0 && !all {
			break
		}
		marker = fmt.Sprintf("column %s says which are published (%s)", status, counted(t.Sample.Count(status)))
		add("status", status)
		if len(pending) == 0 {
			e.Off = "no value of " + status + " is called like pending; name it in pending."
			pending = []string{"PENDING"}
		}
		lines = append(lines, draft.Line{Key: "pending", Value: oneOf(p.db, status, pending)})
		if len(failed) > 0 {
			lines = append(lines, draft.Line{Key: "failed", Value: oneOf(p.db, status, failed)})
		}
	case flag != "":
		marker = fmt.Sprintf("column %s says which are published", flag)
		value := "0"
		if c, _ := t.Column(flag); shape.IsBool(c) && c.Type != "tinyint(1)" && c.Type != "bit(1)" {
			value = "false"
		}
		lines = append(lines, draft.Line{Key: "pending", Value: where(p.db, shape.Equal{Column: flag, Value: value, Number: true})})
	}
	order := t.First(nil, shape.OrderIDNames...)
	if order != t.Key[0] {
		add("order_id", order)
	}
	add("traceparent", traceColumn(t))
	add("attempts", t.First(shape.IsNumber, attemptNames...))
	add("error", t.First(shape.IsText, errorNames...))
	lines = slices.Insert(lines, 2, draft.Line{Key: "columns", Value: columns})
	e.Lines = append(lines, draft.Line{Key: "max_age", Value: age, Note: cmpOr(seen, "how long an event may wait")})
	switch {
	case marker != "":
		e.Why = append(e.Why, fmt.Sprintf("Table %s looks like an outbox: %s.", t.Ref, marker))
	case len(p.db.Slots)+len(p.db.LogReaders) > 0:
		return // a relay reads the log, and the log is watched
	default:
		e.Why = append(e.Why, fmt.Sprintf("Table %s is called like an outbox, and no column says which rows are published.", t.Ref))
		e.Off = "every row would count as pending. Use it if the relay deletes what it has published."
	}
	if !isOutboxName(t.Name) && e.Off == "" {
		e.Off = "it is not called an outbox; use it if a relay publishes its rows."
	}
	p.out.Add("outboxes", e)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func isFlag(c database.Column) bool { return shape.IsBool(c) || shape.IsNumber(c) }

func nullable(t *shape.Table, column string) bool {
	c, _ := t.Column(column)
	return c.Nullable
}

// between is how long rows took from one time to another.
func between(t *shape.Table, from, to string) quantiles {
	a, b := t.Sample.At(from), t.Sample.At(to)
	if a < 0 || b < 0 {
		return quantiles{}
	}
	var all []time.Duration
	for _, row := range t.Sample.Rows {
		if row[a].At.Known() && row[b].At.Known() && row[b].At >= row[a].At {
			all = append(all, row[b].At.Sub(row[a].At))
		}
	}
	return quantilesOf(all)
}

// statuses finds the values that mean pending and failed; known is false where no value is one of those that
// outboxes use.
func statuses(t *shape.Table, column string) (pending, failed []string, known bool) {
	for _, v := range t.Sample.Count(column) {
		switch name := shape.Folded(v.Value); {
		case slices.Contains(pendingValues, name):
			pending, known = append(pending, v.Value), true
		case slices.Contains(failedValues, name):
			failed, known = append(failed, v.Value), true
		case slices.Contains(doneValues, name):
			known = true
		}
	}
	slices.Sort(pending)
	slices.Sort(failed)
	return pending, failed, known
}

func counted(values []shape.Counted) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, fmt.Sprintf("%s %d", v.Value, v.Rows))
	}
	return strings.Join(parts, ", ")
}

// logs proposes to watch the relays that read the log.
func (p *proposal) logs() {
	var tables []*shape.Table
	for _, t := range p.db.Tables {
		if isOutboxName(t.Name) && !isInboxName(t.Name) && !t.Denied {
			tables = append(tables, t)
		}
	}
	for _, slot := range p.db.Slots {
		e := &draft.Entry{Name: slot, Why: []string{fmt.Sprintf("A relay can read the log through the replication slot %s, as Debezium does.", slot)}}
		e.Lines = []draft.Line{{Key: "database", Value: p.db.Name}, {Key: "slot", Value: slot}}
		if len(tables) == 1 && p.out.Entry("outboxes", entryName(tables[0])) == nil {
			e.Lines = append(e.Lines, draft.Line{Key: "table", Value: tables[0].Ref, Note: "its rows are what the relay publishes"})
		}
		e.Lines = append(e.Lines, draft.Line{Key: "max_age", Value: Round(5 * time.Minute), Note: "longer than a restart of the connector takes"})
		p.out.Add("outboxes", e)
	}
	for _, user := range p.db.LogReaders {
		e := &draft.Entry{Name: user, Why: []string{fmt.Sprintf("User %s reads the binary log, as Debezium does.", user)}}
		e.Lines = []draft.Line{{Key: "database", Value: p.db.Name}, {Key: "binlog_user", Value: user}, {Key: "max_age", Value: Round(5 * time.Minute), Note: "longer than a restart of the connector takes"}}
		if shape.Has(user, "repl", "replica", "replication", "slave", "backup") {
			e.Off = "its name is that of a read replica or a backup; use it if a relay uses it."
		}
		p.out.Add("outboxes", e)
	}
}

// inboxes proposes to compare an outbox with the inbox of a consumer.
func (p *proposal) inboxes() {
	for _, t := range p.db.Tables {
		if !isInboxName(t.Name) || t.Denied || t.View {
			continue
		}
		id := t.First(nil, "message_id", "event_id", "messageid", "id")
		if id == "" {
			continue
		}
		at := t.First(shape.MayBeTime, append(slices.Clone(publishedNames), shape.CreatedNames...)...)
		e := &draft.Entry{Name: entryName(t), Off: "discover does not know which outbox its events come from. Name the outbox on the left."}
		e.Why = append(e.Why, fmt.Sprintf("Table %s looks like an inbox: the events that a consumer has received.", t.Ref))
		left := draft.Map{{Key: "database", Value: p.db.Name}, {Key: "table", Value: "outbox"}, {Key: "columns", Value: draft.Map{{Key: "key", Value: "id"}}}}
		e.Lines = []draft.Line{
			{Key: "kind", Value: "event"},
			{Key: "left", Value: left},
			{Key: "right", Value: p.side(t, id, at, "")},
			{Key: "expect", Value: "at_least_one"},
			{Key: "within", Value: down(day), Note: "shorter than both tables keep their rows"},
		}
		p.out.Add("reconciliations", e)
	}
}
