package database

import "errors"

func newMySQL(Config) (dialect, error) { return nil, errors.New("todo") }
