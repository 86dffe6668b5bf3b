// Package reconcile watches that what one store holds, another store holds too:
// that each paid order has a payment, that nothing was shipped twice, that each
// order has its event, that a copy says the same. The stores may be in different
// databases of different kinds.
package reconcile
