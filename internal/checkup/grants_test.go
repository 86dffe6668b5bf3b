package checkup_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/lostorder/lostorder/collectors"
	"github.com/lostorder/lostorder/internal/checkup"
	"github.com/lostorder/lostorder/internal/signal"
)

func TestGrantsAreWhatIsMissingAndMerged(t *testing.T) {
	lacks := func(kind signal.RemedyKind, texts ...string) (all []signal.Remedy) {
		for _, text := range texts {
			all = append(all, signal.Remedy{Kind: kind, Text: text})
		}
		return all
	}
	advised := func(paste string) []collectors.Advice {
		return []collectors.Advice{{Kind: collectors.Grant, Paste: paste}}
	}
	const usage = `GRANT USAGE ON SCHEMA "public" TO "lo"; `
	for sentence, c := range map[string]struct {
		targets       []collectors.Examination
		sql, commands []string
	}{
		"nothing is missing": {targets: []collectors.Examination{{Advice: advised(usage + `GRANT SELECT ("id") ON "public"."orders" TO "lo";`)}}},
		"a wrong password":   {targets: []collectors.Examination{{Report: signal.Report{Err: errors.New("password authentication failed")}, Advice: advised("GRANT SELECT ON orders TO lo;")}}},
		"an index":           {targets: []collectors.Examination{{Report: signal.Report{Remedies: lacks(signal.RemedyIndex, "CREATE INDEX i ON orders (id)")}}}},
		"the columns of a table, and not of another": {
			targets: []collectors.Examination{{
				Report: signal.Report{Remedies: lacks(signal.RemedyGrant, usage+`GRANT SELECT ON "public"."orders" TO "lo";`)},
				Advice: append(advised(usage+`GRANT SELECT ("id", "a;b") ON "public"."orders" TO "lo";`), advised(`GRANT SELECT ("id") ON "public"."history" TO "lo";`)...),
			}},
			sql: []string{`GRANT USAGE ON SCHEMA "public" TO "lo"`, `GRANT SELECT ("id", "a;b") ON "public"."orders" TO "lo"`},
		},
		"two targets that read one table": {
			targets: []collectors.Examination{
				{Report: signal.Report{Remedies: lacks(signal.RemedyGrant, "GRANT SELECT (`id`, `state`) ON `shop`.`orders` TO 'lo'@'%';")}},
				{Report: signal.Report{Remedies: lacks(signal.RemedyGrant, "GRANT SELECT (`id`, `total`) ON `shop`.`orders` TO 'lo'@'%';", "GRANT SELECT ON `shop`.`payments` TO 'lo'@'%';")}},
			},
			sql: []string{"GRANT SELECT (`id`, `state`, `total`) ON `shop`.`orders` TO 'lo'@'%'", "GRANT SELECT ON `shop`.`payments` TO 'lo'@'%'"},
		},
		"a broker": {
			targets: []collectors.Examination{
				{Report: signal.Report{Remedies: lacks(signal.RemedyGrant, "rabbitmqctl set_permissions -p / lo '^$' '^$' '^$'")}},
				{Report: signal.Report{Remedies: lacks(signal.RemedyConnect, `GRANT CONNECT ON DATABASE "shop" TO "lo";`)}},
			},
			sql: []string{`GRANT CONNECT ON DATABASE "shop" TO "lo"`}, commands: []string{"rabbitmqctl set_permissions -p / lo '^$' '^$' '^$'"},
		},
		"what the advice found lacking, once": {
			targets: []collectors.Examination{
				{
					Report: signal.Report{Remedies: lacks(signal.RemedyGrant, `rabbitmqctl set_permissions -p / 'it'\''s' '^$' '^$' '^$'`)},
					Advice: []collectors.Advice{{
						Kind: collectors.Grant, Paste: "rabbitmqctl set_user_tags lo monitoring",
						Lacking: `rabbitmqctl set_user_tags 'it'\''s' monitoring` + "\n" + `rabbitmqctl set_permissions -p / 'it'\''s' '^$' '^$' '^$'`,
					}},
				},
			},
			commands: []string{`rabbitmqctl set_permissions -p / 'it'\''s' '^$' '^$' '^$'`, `rabbitmqctl set_user_tags 'it'\''s' monitoring`},
		},
	} {
		var r checkup.Result
		for _, e := range c.targets {
			r.Targets = append(r.Targets, checkup.Of(e))
		}
		if sql, commands := r.Grants(); !slices.Equal(sql, c.sql) || !slices.Equal(commands, c.commands) {
			t.Errorf("%s: %q and %q, want %q and %q", sentence, sql, commands, c.sql, c.commands)
		}
	}
}
