package shape

import (
	"slices"

	"github.com/lostorder/lostorder/internal/database"
)

// What tables are called.
var (
	orderWords   = []string{"order", "purchase", "booking", "bestellung", "commande", "pedido", "ordine", "zamowienie"}
	sagaWords    = []string{"saga", "workflow"}
	effectWords  = []string{"payment", "shipment", "refund", "capture", "charge", "invoice", "transaction", "delivery", "fulfillment", "fulfilment", "reservation", "credit", "creditmemo", "receipt", "parcel", "return"}
	outboxWords  = []string{"outbox", "inbox"}
	messageWords = []string{"event", "message", "job", "publication", "published"}
	historyWords = []string{"history", "transition", "move", "log", "change", "event", "audit"}
)

// IsOrderName reports whether a table is called orders, or ends in it: sales_order.
func IsOrderName(name string) bool { return Ends(name, orderWords...) }

// IsSagaName reports whether a table is called sagas, or has it in its name.
func IsSagaName(name string) bool {
	return Ends(name, sagaWords...) || Has(name, sagaWords...) && Ends(name, "instance", "state", "execution")
}

// IsEffectName reports whether a table is called payments, shipments or the like.
func IsEffectName(name string) bool { return Ends(name, effectWords...) && !Has(name, "log", "event") }

// IsHistoryName reports whether a table is called like a history.
func IsHistoryName(name string) bool { return Has(name, historyWords...) }

// IsInternal reports whether a table belongs to a tool and not to the shop.
func IsInternal(t *Table) bool {
	return Has(t.Name, "migration", "schema", "flyway", "liquibase", "databasechangelog") && Ends(t.Name, "migration", "history", "version", "databasechangelog", "databasechangeloglock", "metadata")
}

// Likely is how likely a table matters, 0 where it does not.
func Likely(t *Table) int {
	if IsInternal(t) || t.View && !IsOrderName(t.Name) {
		return 0
	}
	names := slices.Concat(t.Hidden, nil)
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	has := func(accept func(string) bool) bool { return slices.ContainsFunc(names, accept) }
	state := has(func(n string) bool { return Ends(n, "state", "status", "step", "phase", "stage") })
	order := has(func(n string) bool { return Is(n, OrderIDNames...) })
	timed := slices.ContainsFunc(t.Columns, MayBeTime) || t.Denied
	switch {
	case IsOrderName(t.Name) && state:
		return 9
	case Has(t.Name, outboxWords...):
		return 8
	case IsSagaName(t.Name) && state:
		return 7
	case IsEffectName(t.Name):
		return 6
	case order && state:
		return 5
	case Has(t.Name, messageWords...) && timed:
		return 4
	case references(t, orderWords):
		return 4
	case order:
		return 3
	case state && timed:
		return 2
	case Has(t.Name, historyWords...) && timed, has(func(n string) bool {
		return Is(n, "messageable_id", "serialized_event", "nextAttemptTime", "SequenceNumber", "listener_id")
	}):
		return 1
	}
	return 0
}

func references(t *Table, words []string) bool {
	return slices.ContainsFunc(t.Foreign, func(f database.ForeignKey) bool { return Ends(f.To, words...) })
}
