package untrusted

import "reflect"

// Value makes all texts of the value that a pointer leads to safe to show. The value
// belongs to the caller, such as a decoded answer.
func Value(pointer any) { value(reflect.ValueOf(pointer)) }

func value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			value(v.Elem())
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				value(field)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			value(v.Index(i))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(Text(v.String()))
		}
	default:
	}
}
