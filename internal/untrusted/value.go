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
	case reflect.Map:
		for _, key := range v.MapKeys() {
			clean := [2]reflect.Value{reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()}
			clean[0].Set(key)
			clean[1].Set(v.MapIndex(key))
			value(clean[0])
			value(clean[1])
			v.SetMapIndex(key, reflect.Value{})
			v.SetMapIndex(clean[0], clean[1])
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(Text(v.String()))
		}
	default:
	}
}
