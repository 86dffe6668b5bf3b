//go:build integration

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lostorder/lostorder/internal/database/databasetest"
)

// spree makes the order tables of Spree and Solidus: Rails without foreign keys, one table of
// state changes for everything, times without a zone.
func spree(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t,
		`CREATE TABLE spree_orders (id bigserial PRIMARY KEY, number varchar, item_total numeric(10,2) NOT NULL DEFAULT 0, total numeric(10,2) NOT NULL DEFAULT 0, state varchar, user_id bigint,
			completed_at timestamp(6), bill_address_id bigint, ship_address_id bigint, payment_total numeric(10,2), shipment_state varchar, payment_state varchar, email varchar, currency varchar,
			token varchar, canceled_at timestamp(6), created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)`,
		`CREATE UNIQUE INDEX index_spree_orders_on_number ON spree_orders (number)`, `CREATE INDEX index_spree_orders_on_token ON spree_orders (token)`,
		`CREATE TABLE spree_payments (id bigserial PRIMARY KEY, amount numeric(10,2) NOT NULL DEFAULT 0, order_id bigint, source_type varchar, source_id bigint, payment_method_id bigint, state varchar,
			response_code varchar, number varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)`,
		`CREATE INDEX index_spree_payments_on_order_id ON spree_payments (order_id)`,
		`CREATE TABLE spree_shipments (id bigserial PRIMARY KEY, tracking varchar, number varchar, cost numeric(10,2), shipped_at timestamp(6), order_id bigint, address_id bigint, state varchar,
			created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)`,
		`CREATE INDEX index_spree_shipments_on_order_id ON spree_shipments (order_id)`,
		`CREATE TABLE spree_state_changes (id bigserial PRIMARY KEY, name varchar, previous_state varchar, stateful_id bigint, user_id bigint, stateful_type varchar, next_state varchar,
			created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)`,
		`CREATE TABLE spree_addresses (id bigserial PRIMARY KEY, firstname varchar, state_name varchar, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL)`,
		`CREATE TABLE schema_migrations (version varchar PRIMARY KEY)`)
	for i := range 30 {
		path := [][]string{{"cart", "address", "delivery", "payment", "confirm", "complete"}, {"cart", "address"}, {"cart", "address", "delivery", "payment", "confirm", "complete", "canceled"}}[i%3]
		id, last := i+1, path[len(path)-1]
		began := time.Hour - time.Duration(i)*time.Minute
		at := func(step int) string { return s.Ago(began - time.Duration(step)*20*time.Second) }
		s.Run(t, fmt.Sprintf("INSERT INTO spree_orders (id, number, state, token, created_at, updated_at) VALUES (%d, 'R%06d', '%s', 'token-%d', %s, %s)", id, id, last, id, at(0), at(len(path)-1)))
		for k := 1; k < len(path); k++ {
			s.Run(t, fmt.Sprintf("INSERT INTO spree_state_changes (name, previous_state, stateful_id, stateful_type, next_state, created_at, updated_at) VALUES ('order', '%s', %d, 'Spree::Order', '%s', %s, %[4]s)", path[k-1], id, path[k], at(k)))
		}
		if len(path) > 2 {
			s.Run(t, fmt.Sprintf("INSERT INTO spree_payments (order_id, state, number, created_at, updated_at) VALUES (%d, 'completed', 'P%d', %s, %[3]s)", id, id, at(5)),
				fmt.Sprintf("INSERT INTO spree_state_changes (name, previous_state, stateful_id, stateful_type, next_state, created_at, updated_at) VALUES ('payment', 'balance_due', %d, 'Spree::Order', 'paid', %s, %[2]s), ('payment', 'processing', %[1]d, 'Spree::Payment', 'completed', %[2]s, %[2]s)", id, at(5)),
				fmt.Sprintf("INSERT INTO spree_shipments (order_id, state, number, created_at, updated_at) VALUES (%d, 'shipped', 'H%d', %s, %[3]s)", id, id, at(5)))
		}
	}
	grantAll(t, s, "spree_orders", "spree_payments", "spree_shipments", "spree_state_changes", "spree_addresses", "schema_migrations")
}

// magento makes the order tables of Magento 2: numbers as keys, parent_id for the order, a
// history of comments with the status, and a flat copy for the back office.
func magento(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t,
		`CREATE TABLE sales_order (entity_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, state varchar(32), status varchar(32), coupon_code varchar(255), is_virtual smallint unsigned, store_id smallint unsigned,
			customer_id int unsigned, base_grand_total decimal(20,4), grand_total decimal(20,4), quote_id int, increment_id varchar(50), ext_order_id varchar(64), created_at timestamp NOT NULL DEFAULT current_timestamp,
			updated_at timestamp NOT NULL DEFAULT current_timestamp, UNIQUE KEY (increment_id, store_id), KEY (status), KEY (state), KEY (created_at), KEY (updated_at), KEY (quote_id))`,
		`CREATE TABLE sales_order_payment (entity_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id int unsigned NOT NULL, amount_ordered decimal(20,4), method varchar(128), last_trans_id varchar(255),
			KEY (parent_id), FOREIGN KEY (parent_id) REFERENCES sales_order (entity_id) ON DELETE CASCADE)`,
		`CREATE TABLE sales_shipment (entity_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, store_id smallint unsigned, order_id int unsigned NOT NULL, shipment_status int, increment_id varchar(50),
			created_at timestamp NOT NULL DEFAULT current_timestamp, updated_at timestamp NOT NULL DEFAULT current_timestamp, KEY (order_id), KEY (created_at), FOREIGN KEY (order_id) REFERENCES sales_order (entity_id) ON DELETE CASCADE)`,
		`CREATE TABLE sales_order_status_history (entity_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id int unsigned NOT NULL, is_customer_notified int, is_visible_on_front smallint unsigned NOT NULL DEFAULT 0,
			comment text, status varchar(32), created_at timestamp NOT NULL DEFAULT current_timestamp, entity_name varchar(32), KEY (parent_id), KEY (created_at), FOREIGN KEY (parent_id) REFERENCES sales_order (entity_id) ON DELETE CASCADE)`,
		`CREATE TABLE sales_order_grid (entity_id int unsigned NOT NULL PRIMARY KEY, status varchar(32), store_id smallint unsigned, increment_id varchar(50), created_at timestamp NULL, updated_at timestamp NULL, KEY (status), KEY (updated_at))`,
		`CREATE TABLE sales_order_item (item_id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, order_id int unsigned NOT NULL, sku varchar(255), KEY (order_id), FOREIGN KEY (order_id) REFERENCES sales_order (entity_id) ON DELETE CASCADE)`)
	for i := range 30 {
		path := [][]string{{"pending", "processing", "complete"}, {"pending", "processing"}, {"pending", "canceled"}}[i%3]
		id, last := i+1, path[len(path)-1]
		began := time.Hour - time.Duration(i)*time.Minute
		at := func(step int) string { return s.Ago(began - time.Duration(step)*20*time.Second) }
		s.Run(t, fmt.Sprintf("INSERT INTO sales_order (entity_id, state, status, store_id, quote_id, increment_id, created_at, updated_at) VALUES (%d, '%s', '%s', 1, %[1]d, '%09[1]d', %[4]s, %[5]s)", id, last, last, at(0), at(len(path)-1)),
			fmt.Sprintf("INSERT INTO sales_order_payment (parent_id, method) VALUES (%d, 'checkmo')", id),
			fmt.Sprintf("INSERT INTO sales_order_grid (entity_id, status, store_id, increment_id, created_at, updated_at) VALUES (%d, '%s', 1, '%09[1]d', %[3]s, %[4]s)", id, last, at(0), at(len(path)-1)))
		for k, status := range path {
			s.Run(t, fmt.Sprintf("INSERT INTO sales_order_status_history (parent_id, status, created_at, entity_name) VALUES (%d, '%s', %s, 'order')", id, status, at(k)))
		}
		if last == "complete" {
			s.Run(t, fmt.Sprintf("INSERT INTO sales_shipment (order_id, increment_id, created_at) VALUES (%d, '%09[1]d', %[2]s)", id, at(2)))
		}
	}
	grantAll(t, s, "sales_order", "sales_order_payment", "sales_shipment", "sales_order_status_history", "sales_order_grid", "sales_order_item")
}

// saleor makes the order tables of Saleor: Django, UUIDs, foreign keys, and no history of states.
func saleor(t *testing.T, s *databasetest.Shop) {
	t.Helper()
	s.Run(t,
		`CREATE TABLE order_order (id uuid PRIMARY KEY, number integer NOT NULL UNIQUE, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, expired_at timestamptz, status varchar(32) NOT NULL, user_id integer,
			total_net_amount numeric(20,3) NOT NULL DEFAULT 0, total_gross_amount numeric(20,3) NOT NULL DEFAULT 0, currency varchar(3) NOT NULL, checkout_token varchar(36) NOT NULL, charge_status varchar(32) NOT NULL,
			authorize_status varchar(32) NOT NULL, channel_id integer, origin varchar(32) NOT NULL, metadata jsonb)`,
		`CREATE INDEX order_order_created_at ON order_order (created_at)`, `CREATE INDEX order_order_updated_at ON order_order (updated_at)`,
		`CREATE TABLE payment_payment (id serial PRIMARY KEY, gateway varchar(255) NOT NULL, is_active boolean NOT NULL, created_at timestamptz NOT NULL, modified_at timestamptz NOT NULL, charge_status varchar(20) NOT NULL,
			order_id uuid REFERENCES order_order (id), checkout_id uuid, total numeric(20,3) NOT NULL, currency varchar(3) NOT NULL)`,
		`CREATE INDEX payment_payment_order_id ON payment_payment (order_id)`,
		`CREATE TABLE order_fulfillment (id serial PRIMARY KEY, tracking_number varchar(255) NOT NULL, created_at timestamptz NOT NULL, order_id uuid NOT NULL REFERENCES order_order (id), fulfillment_order integer NOT NULL, status varchar(32) NOT NULL)`,
		`CREATE INDEX order_fulfillment_order_id ON order_fulfillment (order_id)`,
		`CREATE TABLE order_orderevent (id serial PRIMARY KEY, date timestamptz NOT NULL, type varchar(255) NOT NULL, parameters jsonb NOT NULL, order_id uuid NOT NULL REFERENCES order_order (id), user_id integer)`,
		`CREATE TABLE order_orderline (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES order_order (id), product_name varchar(386) NOT NULL, quantity integer NOT NULL)`,
		`CREATE TABLE django_migrations (id serial PRIMARY KEY, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL)`)
	for i := range 30 {
		id, status := fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1), []string{"unfulfilled", "fulfilled", "canceled"}[i%3]
		created := time.Hour - time.Duration(i)*time.Minute
		s.Run(t, fmt.Sprintf("INSERT INTO order_order (id, number, created_at, updated_at, status, currency, checkout_token, charge_status, authorize_status, origin) VALUES ('%s', %d, %s, %s, '%s', 'EUR', '%[1]s', 'full', 'full', 'checkout')",
			id, i+1, s.Ago(created), s.Ago(created-30*time.Second), status),
			fmt.Sprintf("INSERT INTO order_orderevent (date, type, parameters, order_id) VALUES (%s, 'placed', '{}', '%s')", s.Ago(created), id))
		if status != "canceled" {
			s.Run(t, fmt.Sprintf("INSERT INTO payment_payment (gateway, is_active, created_at, modified_at, charge_status, order_id, total, currency) VALUES ('dummy', true, %s, %[1]s, 'fully-charged', '%s', 10, 'EUR')", s.Ago(created), id))
		}
		if status == "fulfilled" {
			s.Run(t, fmt.Sprintf("INSERT INTO order_fulfillment (tracking_number, created_at, order_id, fulfillment_order, status) VALUES ('', %s, '%s', 1, 'fulfilled')", s.Ago(created-30*time.Second), id))
		}
	}
	grantAll(t, s, "order_order", "payment_payment", "order_fulfillment", "order_orderevent", "order_orderline", "django_migrations")
}

func grantAll(t *testing.T, s *databasetest.Shop, tables ...string) {
	t.Helper()
	for _, table := range tables {
		s.Grant(t, table)
		s.Analyse(t, table)
	}
}
