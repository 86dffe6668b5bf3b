# MariaDB, from the distribution's packages: those with the programs alone, which bring no service.
address_variable=MARIADB_URL
# Its data is thrown away, so there is nothing to shut down in good order.
stop_signal=KILL

user=lostorder password=lostorder-secret
# shellcheck source=zones
source "$here/zones"
# Debian keeps the server out of the PATH of those who are not root.
PATH=$PATH:/usr/sbin

part_installed() {
	command -v mariadbd && command -v mariadb-install-db && command -v my_print_defaults && command -v mariadb-tzinfo-to-sql &&
		[[ -d /usr/share/zoneinfo ]]
} >/dev/null

# mariadb-install-db needs a program of the client's packages, which the server's does not ask for, and so do zones.
part_install() { apt_install mariadb-server-core mariadb-client tzdata; }

part_start() {
	version=$(mariadbd --version | awk '{ print $3 }')
	unprivileged mysql
	free_port port
	# --tmpdir: a server that starts clears its folder for temporary files, and others may use /tmp.
	# --force: a machine whose own name cannot be looked up will do.
	quiet "${as[@]}" mariadb-install-db --no-defaults --datadir="$data/db" --tmpdir="$data" \
		--auth-root-authentication-method=normal --force --skip-test-db ||
		fail "could not make a database"
	cat >"$data/init.sql" <<-SQL
		CREATE DATABASE lostorder;
		CREATE USER '$user'@'%' IDENTIFIED BY '$password';
		GRANT ALL PRIVILEGES ON *.* TO '$user'@'%' WITH GRANT OPTION;
	SQL
	zones_sql /usr/share/zoneinfo mariadb-tzinfo-to-sql >>"$data/init.sql"
	serve "${as[@]}" mariadbd --no-defaults --datadir="$data/db" --tmpdir="$data" --init-file="$data/init.sql" \
		--bind-address=127.0.0.1 --port="$port" --socket="$data/socket" --skip-name-resolve \
		--innodb-flush-log-at-trx-commit=0
	share MARIADB_URL "mysql://$user:$password@127.0.0.1:$port/lostorder"
}

part_ready() { grep -q "ready for connections" "$log"; }
