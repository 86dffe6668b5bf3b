// Package reconcile compares what two stores hold: that each paid order has a payment,
// that no order was shipped twice, that each order has its event, that a copy has the
// same values. The stores may be in different databases of different kinds.
package reconcile
