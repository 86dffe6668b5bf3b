package outbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// makeWatermill creates the tables of a topic as watermill-sql does.
func makeWatermill(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	if s.Kind == "postgres" {
		s.Run(t, `CREATE TABLE "watermill_orders" ("offset" bigserial, "uuid" varchar(36) NOT NULL, "created_at" timestamp NOT NULL DEFAULT current_timestamp, "payload" json, "metadata" json,
				"transaction_id" xid8 NOT NULL, PRIMARY KEY ("transaction_id", "offset"))`,
			`CREATE TABLE "watermill_offsets_orders" (consumer_group varchar(255) PRIMARY KEY, offset_acked bigint, last_processed_transaction_id xid8 NOT NULL)`,
			`INSERT INTO "watermill_offsets_orders" VALUES ('relay', 0, '0'), ('audit', 7, '7')`)
	} else {
		s.Run(t, "CREATE TABLE `watermill_orders` (`offset` bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, `uuid` varchar(36) NOT NULL, `created_at` timestamp NOT NULL DEFAULT current_timestamp, `payload` json, `metadata` json)",
			"CREATE TABLE `watermill_offsets_orders` (consumer_group varchar(255) PRIMARY KEY, offset_acked bigint, offset_consumed bigint NOT NULL)",
			"INSERT INTO `watermill_offsets_orders` VALUES ('relay', NULL, 1), ('audit', 7, 7)")
	}
	s.Grant(t, "watermill_orders", s.Quoted("offset"), "created_at")
	if s.Kind == "postgres" {
		s.Grant(t, "watermill_orders", "transaction_id")
		s.Grant(t, "watermill_offsets_orders", "consumer_group", "offset_acked", "last_processed_transaction_id")
	} else {
		s.Grant(t, "watermill_offsets_orders", "consumer_group", "offset_acked")
	}
}

// publish adds a message with an offset and, in PostgreSQL, a transaction number. The
// table of MySQL stores no transaction.
func publish(t *testing.T, s *databasetest.Shop, transaction, offset int, age time.Duration) {
	t.Helper()
	columns, values := s.Quoted("offset")+", uuid, created_at", fmt.Sprintf("%d, 'u', %s", offset, s.Ago(age))
	if s.Kind == "postgres" {
		columns, values = columns+", transaction_id", values+fmt.Sprintf(", '%d'::xid8", transaction)
	}
	s.Run(t, "INSERT INTO watermill_orders ("+columns+") VALUES ("+values+")")
}

const watermill = "position: {where: consumer_group = 'relay'}"

func TestWatermillTopic(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeWatermill(t, s)
		next := watch(t, withPreset(s.URL, "", "watermill", "table: watermill_orders", watermill))
		if o := whole(t, next()); o.Pending != 0 {
			t.Errorf("of an empty topic %d messages are pending", o.Pending)
		}
		publish(t, s, 100, 2, 5*time.Minute)
		publish(t, s, 101, 1, 2*time.Minute) // the higher transaction took the lower number
		publish(t, s, 102, 3, time.Minute)
		first := "2"
		if s.Kind == "mariadb" {
			first = "1"
		}
		if o := whole(t, next()); o.Pending != 3 || o.HeadKey != first {
			t.Errorf("%d messages are pending from %s on, want 3 from %s on", o.Pending, o.HeadKey, first)
		}
		if s.Kind == "postgres" {
			s.Run(t, "UPDATE watermill_offsets_orders SET last_processed_transaction_id = '100', offset_acked = 2 WHERE consumer_group = 'relay'")
			if o := whole(t, next()); o.Pending != 2 || o.HeadKey != "1" || o.Skipped != nil {
				t.Errorf("%d messages are pending from %s on, want 2 from 1 on, in the order of transactions", o.Pending, o.HeadKey)
			}
			s.Run(t, "UPDATE watermill_offsets_orders SET last_processed_transaction_id = '102', offset_acked = 3 WHERE consumer_group = 'relay'")
		} else {
			s.Run(t, "UPDATE watermill_offsets_orders SET offset_acked = 3 WHERE consumer_group = 'relay'")
		}
		if o := whole(t, next()); o.Pending != 0 {
			t.Errorf("%d messages are pending, want none", o.Pending)
		}
	})
}

// However long the topic, the key of the table leads to the pending messages.
func TestLongWatermillTopic(t *testing.T) {
	databasetest.EachServer(t, func(t *testing.T, s *databasetest.Shop) {
		makeWatermill(t, s)
		n, _ := rows(s)
		if s.Kind == "postgres" {
			s.Run(t, fmt.Sprintf(`INSERT INTO watermill_orders (uuid, created_at, transaction_id) SELECT 'u', %s, (1000 + i)::text::xid8 FROM %s`, s.Ago(time.Hour), s.Many(n)),
				fmt.Sprintf("UPDATE watermill_offsets_orders SET last_processed_transaction_id = '%d', offset_acked = %d WHERE consumer_group = 'relay'", 1000+n-20, n-20))
		} else {
			s.Run(t, fmt.Sprintf("INSERT INTO watermill_orders (uuid, created_at) SELECT 'u', %s FROM %s", s.Ago(time.Hour), s.Many(n)),
				"UPDATE watermill_offsets_orders SET offset_acked = (SELECT max(`offset`) - 20 FROM watermill_orders) WHERE consumer_group = 'relay'")
		}
		s.Analyse(t, "watermill_orders")
		if o := whole(t, read(t, withPreset(s.URL, "", "watermill", "table: watermill_orders", watermill))); o.Pending != 20 {
			t.Errorf("%d messages are pending, want 20", o.Pending)
		}
	})
}
