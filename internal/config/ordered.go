package config

// Ordered is a YAML mapping that keeps the order of the file.
type Ordered[T any] []Named[T]

// Named is one entry of an Ordered.
type Named[T any] struct {
	Name  string
	Value T
}

// named marks the type for the decoder: reflection cannot ask for "some Named[T]".
func (Named[T]) named() {}

type namedEntry interface{ named() }

// Get returns the value of that name.
func (o Ordered[T]) Get(name string) (T, bool) {
	for _, entry := range o {
		if entry.Name == name {
			return entry.Value, true
		}
	}
	var zero T
	return zero, false
}
