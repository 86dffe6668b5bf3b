// Package dashboards builds the dashboards for Grafana: one question each, one
// file each. The files lie beside this code, as Grafana imports them; a test
// compares the two, and "make dashboards" writes them again.
//
// The binary does not import it.
package dashboards
