package config

import "encoding/json"

const (
	variablePattern = `\$\{`
	// A duration as model.ParseDuration reads it: each unit at most once, largest first.
	durationPattern = `^(?:0|(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$`
)

// typeSchema describes a type; f gives the tags that apply to its scalars.
func typeSchema(sh *shape, f *field) object {
	switch sh.kind {
	case kindPointer:
		return typeSchema(sh.elem, f)
	case kindStruct:
		return structSchema(sh)
	case kindList:
		return object{"type": "array", "items": typeSchema(sh.elem, f)}
	case kindMap, kindOrdered:
		value := typeSchema(sh.elem, f)
		if sh.elem.kind == kindStruct || sh.elem.kind == kindPointer {
			value = object{"anyOf": []any{value, object{"type": "null"}}}
		}
		return object{"type": "object", "additionalProperties": value, "propertyNames": object{"minLength": 1}}
	case kindDuration:
		out := object{"type": "string", "minLength": 1, "pattern": durationPattern + "|" + variablePattern}
		if f == nil || f.min == "" || f.min == "0" {
			out["type"] = []string{"string", "integer"} // a plain 0 needs no unit
			out["minimum"], out["maximum"] = 0, 0
		}
		return out
	case kindBool:
		return orVariable(object{"type": "boolean"})
	case kindInt, kindUint, kindFloat:
		return orVariable(numberSchema(sh, f))
	}
	out := object{"type": "string"}
	if f != nil && len(f.enum) > 0 {
		out["anyOf"] = []any{object{"enum": f.enum}, object{"pattern": variablePattern}}
	}
	return out
}

func numberSchema(sh *shape, f *field) object {
	out := object{"type": "integer"}
	if sh.kind == kindFloat {
		out["type"] = "number"
	}
	if sh.kind == kindUint {
		out["minimum"] = 0
	}
	if f != nil && f.min != "" {
		out["minimum"] = json.Number(f.min)
	}
	if f != nil && f.max != "" {
		out["maximum"] = json.Number(f.max)
	}
	if f != nil && len(f.enum) > 0 {
		values := make([]any, len(f.enum))
		for i, text := range f.enum {
			values[i] = plain(text)
		}
		out["enum"] = values
	}
	return out
}

// orVariable allows ${NAME} for a value that is not a string.
func orVariable(value object) object {
	return object{"anyOf": []any{value, object{"type": "string", "pattern": variablePattern}}}
}
