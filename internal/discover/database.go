package discover

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database"
	"github.com/lostorder/lostorder/internal/discover/draft"
	"github.com/lostorder/lostorder/internal/discover/propose"
	"github.com/lostorder/lostorder/internal/discover/shape"
	"github.com/lostorder/lostorder/internal/discover/survey"
)

// urlFile begins an address that is in a file.
const urlFile = "url_file="

// database looks into one database.
func (x *explorer) database(ctx context.Context, text string) error {
	e := &draft.Entry{Name: databaseName(text)}
	if path, ok := strings.CutPrefix(text, urlFile); ok {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute // the config may be written to another folder
		}
		e.Lines = []draft.Line{{Key: "url_file", Value: path}}
	} else {
		e.Lines = []draft.Line{{Key: "url", Value: draft.Raw(x.secrets.address(e.Name, absolute(text)))}}
	}
	x.out.Add("databases", e)
	c, err := x.databaseConfig(e)
	if err != nil {
		e.Off = "its address cannot be used."
		return err
	}
	seen, err := survey.Read(ctx, c, x.Progress)
	if seen == nil {
		e.Off = "it could not be read when this file was written."
		return err
	}
	seen.Name = e.Name
	e.Why = append(e.Why, fmt.Sprintf("%s with %d tables.", seen.Engine, len(seen.Tables)))
	if zone := zoneless(seen); zone != "" {
		e.Lines = append(e.Lines, draft.Line{Key: "time_zone", Value: "UTC", Off: true, Note: zone})
	}
	e.Why = append(e.Why, missing(seen)...)
	for _, text := range seen.Missing {
		x.Progress("database %s: %s", e.Name, x.secrets.scrub(text))
	}
	propose.Database(seen, &x.out)
	return err
}

// mostMissing is how many things that could not be read are listed in the file.
const mostMissing = 12

func missing(db *shape.Database) (list []string) {
	for i, text := range db.Missing {
		if i == mostMissing {
			return append(list, fmt.Sprintf("Not read: %d more; the output of discover names them.", len(db.Missing)-i))
		}
		list = append(list, "Not read: "+text)
	}
	return list
}

// databaseConfig is the config of an entry, as the loader understands it.
func (x *explorer) databaseConfig(e *draft.Entry) (database.Config, error) {
	var d draft.Document
	d.Add("databases", &draft.Entry{Name: e.Name, Lines: e.Lines})
	f, err := config.ParseLookup("--database", []byte(d.String()), ".", []config.Section{database.Section()}, x.secrets.lookup)
	if err != nil {
		return database.Config{}, reasons("--database", err)
	}
	return database.Find(f, e.Name), nil
}

// reasons are what is wrong with an address, without positions in a file that is not shown.
func reasons(flag string, err error) error {
	problems, ok := errors.AsType[config.Errors](err)
	if !ok {
		return fmt.Errorf("%s: %w", flag, err)
	}
	var all []string
	for _, p := range problems {
		all = append(all, p.Msg)
	}
	return fmt.Errorf("%s: %s", flag, strings.Join(all, "; "))
}

var lastPart = regexp.MustCompile(`([^/\\?:]+?)(?:\.(?:db|sqlite3?|url|txt))?(?:\?.*)?$`)

// databaseName is what the config calls a database: as it is called itself.
func databaseName(text string) string {
	name := "database"
	if m := lastPart.FindStringSubmatch(strings.TrimPrefix(text, urlFile)); m != nil && !strings.ContainsAny(m[1], "@${}") {
		name = m[1]
	}
	if _, rest, ok := strings.Cut(text, "://"); ok && !strings.HasPrefix(text, "sqlite") && !strings.Contains(rest, "/") {
		name = "database"
	}
	return strings.ToLower(name)
}

// absolute makes the path of an SQLite file absolute: the config may be written to another
// folder.
func absolute(text string) string {
	scheme, path, _ := strings.Cut(text, ":")
	if !strings.HasPrefix(strings.ToLower(scheme), "sqlite") || strings.HasPrefix(path, "/") || path == "" {
		return text
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return text
	}
	return scheme + "://" + full
}

// zoneless says that times are stored without a zone.
func zoneless(db *shape.Database) string {
	for _, t := range db.Tables {
		for _, c := range t.Columns {
			kind := strings.ToLower(c.Type)
			if strings.HasPrefix(kind, "timestamp without") || strings.HasPrefix(kind, "timestamp(") && strings.Contains(kind, "without") || strings.HasPrefix(kind, "datetime") && db.Engine != "SQLite" {
				return "times are stored without a zone; name it if it is not that of the server"
			}
		}
	}
	return ""
}
