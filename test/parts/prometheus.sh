# Prometheus and promtool from Debian unstable: as programs, since a test starts its own Prometheus with its own rules.
version=3.5
address_variable=PROMETHEUS

# shellcheck source=sid
source "$here/sid"

part_installed() { sid_installed; }

part_install() { sid_install "PROMETHEUS and PROMTOOL"; }

part_start() {
	sid_version prometheus
	sid_program prometheus PROMETHEUS
	sid_program promtool PROMTOOL
}

part_ready() { "$data/promtool" --version; }
