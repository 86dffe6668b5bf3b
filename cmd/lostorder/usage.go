package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// helpFor has the help of one command tell of that command, and that of the program
// of all.
func helpFor(app *kingpin.Application, args []string) {
	app.UsageTemplate(kingpin.LongHelpTemplate)
	if namesCommand(app, args) {
		app.UsageTemplate(kingpin.DefaultUsageTemplate)
	}
}

// misuse adds to what is wrong in a command line what kingpin leaves out: which flag
// has the value that cannot be used, and which commands there are.
func misuse(app *kingpin.Application, args []string, err error) error {
	parsed, _ := app.ParseContext(args) // err says why not
	if parsed == nil {
		return err
	}
	for _, e := range parsed.Elements {
		if clause, ok := e.Clause.(*kingpin.FlagClause); ok && e.Value != nil {
			if flag := clause.Model(); flag.Value.Set(*e.Value) != nil {
				return fmt.Errorf("--%s: %w", flag.Name, err)
			}
		}
	}
	word, unexpected := strings.CutPrefix(err.Error(), "unexpected ")
	if !unexpected {
		return err
	}
	if namesCommand(app, args) {
		return fmt.Errorf("unexpected argument %s", word)
	}
	var commands []string
	for _, c := range app.Model().Commands {
		commands = append(commands, c.Name)
	}
	return fmt.Errorf("there is no command %s; there are %s", word, strings.Join(commands, ", "))
}

func namesCommand(app *kingpin.Application, args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return app.GetCommand(arg) != nil })
}
