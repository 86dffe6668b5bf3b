// Package config loads the one YAML file of lostorder, strictly.
//
// The package knows no source. Each source declares the type of its section as a
// [Section]. The tags of that type describe everything else. The decoder, the JSON schema
// and the reference use these tags:
//
//	yaml:"name"      the key; every exported field has one
//	doc:"…"          one sentence; every field has one, see [Lint]
//	default:"15s"    the value when the key is absent; a list is comma separated
//	required:"true"  must be given, and must not be empty
//	enum:"a,b,c"     the only values allowed
//	min:"1" max:"9"  bounds of a number or a duration, both inclusive
//	example:"…"      shown in messages, schema and reference
//	ref:"databases"  a string that names an item of that section (or one of several, comma separated)
//	file:"true"      on a [Secret]: the key <name>_file is accepted in its place
//	single:"true"    on a list: one plain value is a list of one
//	inline:"true"    on a struct: its keys belong to the parent
//
// A type may check itself with a method Validate() error. It runs after the defaults, the
// inner types first. [At] gives an error the position of a field.
//
// Validate does not run if a value of the struct is missing or could not be read, because
// its result could be wrong. It does run despite an unknown key. Its errors about a field
// that already has a problem are dropped.
//
// All mistakes of a file are reported at once, as [Errors], in the order of the file.
package config
