# Alertmanager and amtool from Debian unstable: as programs, since a test starts its own Alertmanager with its own routes.
version=0.33
address_variable=ALERTMANAGER

# shellcheck source=sid
source "$here/sid"

part_installed() { sid_installed; }

part_install() { sid_install "ALERTMANAGER and AMTOOL"; }

part_start() {
	sid_version prometheus-alertmanager
	sid_program prometheus-alertmanager ALERTMANAGER
	sid_program amtool AMTOOL
}

part_ready() { "$data/amtool" --version; }
