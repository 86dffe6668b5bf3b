package sqlite

// Decimal is decimal.
var Decimal = decimal
