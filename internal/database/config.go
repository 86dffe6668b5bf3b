package database

import (
	"reflect"
	"time"

	"github.com/lostorder/lostorder/internal/config"
	"github.com/lostorder/lostorder/internal/database/dialect"
)

// Config is one entry of the section databases.
type Config struct {
	Name             string          `yaml:"name" doc:"Name of the database; other sections refer to it." example:"shop"`
	URL              config.Secret   `yaml:"url" file:"true" required:"true" doc:"URL of the database and of the user that reads it: postgres://, mysql://, mariadb:// or sqlite: URL." example:"postgres://lostorder:${DB_PASSWORD}@db.example:5432/shop"`
	ReadReplicaLag   config.Duration `yaml:"read_replica_lag" default:"0" doc:"How far a read replica may be behind. Rows count as that much younger."`
	TimeZone         string          `yaml:"time_zone" doc:"The zone of timestamps that are stored without one; the server's own if omitted." example:"UTC"`
	ScanLimit        int             `yaml:"scan_limit" default:"10000" min:"1" doc:"A query that would read more rows than this without an index is refused."`
	StatementTimeout config.Duration `yaml:"statement_timeout" default:"5s" min:"100ms" max:"1h" doc:"How long one query may take; the server ends it."`
	MaxConnections   int             `yaml:"max_connections" default:"4" min:"1" max:"100" doc:"The most connections to the server of this database, for all entries of databases with the same host and port together; the lowest of their values counts. Readings wait for their turn, and at most half of them, but at least two, stay open between readings."`
	ConnectTimeout   config.Duration `yaml:"connect_timeout" default:"5s" min:"100ms" max:"5m" doc:"How long connecting may take."`
}

// sectionKey is the key of the section in the config file.
const sectionKey = "databases"

// Section is the section databases of the config file.
func Section() config.Section {
	return config.Section{
		Key:  sectionKey,
		Doc:  "Databases that are read, always in READ ONLY transactions: PostgreSQL, MySQL, MariaDB and SQLite.",
		Type: reflect.TypeFor[Config](),
	}
}

// Find returns the database of that name. The loader has checked that a ref names
// one, so a name that is not there gives the zero Config.
func Find(f *config.File, name string) Config {
	for _, c := range config.Items[Config](f, sectionKey) {
		if c.Name == name {
			return c
		}
	}
	return Config{}
}

// Validate checks the URL without connecting.
func (c *Config) Validate() error {
	d, err := dialectOf(*c)
	if err != nil {
		return config.At("url", "%w", err)
	}
	if why := d.Traits().NoTimeZones; why != "" && c.TimeZone != "" {
		return config.At("time_zone", "%s", why)
	}
	return nil
}

// HasBinlog reports whether the database has a binary log, by the scheme of its URL.
func (c *Config) HasBinlog() bool {
	d, err := dialectOf(*c)
	_, has := d.(dialect.Binlogs)
	return err == nil && has
}

func (c *Config) statementTimeout() time.Duration { return time.Duration(c.StatementTimeout) }
func (c *Config) connectTimeout() time.Duration   { return time.Duration(c.ConnectTimeout) }
