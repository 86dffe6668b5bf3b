package database

import "errors"

const postgresName = "PostgreSQL"

func newPostgres(Config) (dialect, error) { return nil, errors.New("todo") }
