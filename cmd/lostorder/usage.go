package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// helpFor limits the help of one command to that command. The help of the program covers
// all commands.
func helpFor(app *kingpin.Application, args []string) {
	app.UsageTemplate(kingpin.LongHelpTemplate)
	if namesCommand(app, args) {
		app.UsageTemplate(kingpin.DefaultUsageTemplate)
	}
}

// misuse adds to an error in a command line what kingpin omits: the flag with the
// invalid value, and the list of commands.
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
	return fmt.Errorf("unknown command %s; the commands are %s", word, strings.Join(commands, ", "))
}

func namesCommand(app *kingpin.Application, args []string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return app.GetCommand(arg) != nil })
}
