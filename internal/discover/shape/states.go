package shape

import "strings"

// Stage is how far an order in a state is, as its name says.
type Stage int

// The stages of an order.
const (
	UnknownStage Stage = iota
	Shopping           // not an order yet: customers leave carts
	Placed
	Confirmed
	Paid
	InWork
	Packed
	Sent
	Undoing
	Finished
	GivenUp
)

// stages are the states by what their names say, in the words of many shops.
var stages = map[Stage][]string{
	Shopping:  {"cart", "basket", "draft", "quote", "addingitems", "address", "delivery", "confirm", "checkoutdraft", "incomplete", "shopping", "checkout", "arrangingpayment", "arrangingadditionalpayment", "abandonedcart", "payment", "warenkorb"},
	Placed:    {"new", "placed", "created", "pending", "submitted", "received", "open", "registered", "pendingpayment", "unconfirmed", "initiated", "requested", "reserving", "started", "awaitingpayment", "unpaid", "ordered", "waiting", "queued", "reserved", "init", "unfulfilled", "offen"},
	Confirmed: {"authorized", "authorised", "paymentauthorized", "confirmed", "approved", "accepted", "verified", "paymentreview", "fraud", "onhold", "holded", "hold", "inreview", "charging", "requiresaction"},
	Paid:      {"paid", "paymentsettled", "settled", "captured", "paymentreceived", "partiallypaid", "bezahlt", "paymentaccepted"},
	InWork:    {"processing", "inprogress", "inprocess", "preparing", "picking", "allocated", "backordered", "fulfilling", "provisioning", "running", "inproduction", "paymentprocessing", "working", "booking", "partiallyfulfilled"},
	Packed:    {"packed", "ready", "readytoship", "picked", "readyforpickup", "awaitingshipment", "awaitingfulfillment", "packing", "manifested"},
	Sent:      {"shipped", "dispatched", "sent", "intransit", "outfordelivery", "partiallyshipped", "partiallydelivered", "shipping", "delivering", "versendet"},
	Undoing:   {"refunding", "releasing", "compensating", "cancelling", "canceling", "rollingback", "reverting", "awaitingreturn", "returning", "refundpending", "undoing", "modifying"},
	Finished:  {"delivered", "completed", "complete", "done", "closed", "finished", "archived", "succeeded", "success", "fulfilled", "resolved", "collected", "abgeschlossen"},
	GivenUp:   {"cancelled", "canceled", "rejected", "refused", "failed", "paymentfailed", "expired", "voided", "void", "abandoned", "aborted", "declined", "error", "refunded", "returned", "failure", "denied", "undone", "compensated", "partiallyrefunded", "partiallyreturned", "storniert", "deleted", "trash", "chargeback", "failedpayment", "paymenterror"},
}

var stageOf = func() map[string]Stage {
	all := map[string]Stage{}
	for stage, names := range stages {
		for _, name := range names {
			all[name] = stage
		}
	}
	return all
}()

// StageOf is what the name of a state says.
func StageOf(state string) Stage {
	name := Folded(state)
	if stage, ok := stageOf[name]; ok {
		return stage
	}
	return stageOf[strings.TrimPrefix(name, "wc")] // WooCommerce's wc-pending
}
