# MySQL, from Debian unstable in a folder of its own.
version=9.7
address_variable=MYSQL_URL
# Its data is thrown away, so there is nothing to shut down in good order.
stop_signal=KILL

user=lostorder password=lostorder-secret

# shellcheck source=sid
source "$here/sid"
# shellcheck source=zones
source "$here/zones"

part_installed() { sid_installed; }

part_install() { sid_install MYSQL_URL; }

part_start() {
	local fresh port
	sid_version mysql-server-core
	unprivileged mysql
	runs_as=$(stat --format=%U "$data")
	make_program
	init_sql >"$data/init.sql"
	# It has md5() only since it was told to, which cannot be said while its data is made.
	echo "INSTALL COMPONENT 'file://component_classic_hashing';" >"$data/start.sql"
	# To make its data takes seconds, so that is done once, and a run begins with a copy.
	fresh=mysql-data-$version-$(cksum <"$data/init.sql" | cut -d ' ' -f 1)
	cached "$fresh" make_data
	cp -r "$cache/$fresh" "$data/db"
	[[ ${#as[@]} -eq 0 ]] || chown -R "$runs_as" "$data/db"
	free_port port
	serve "$data/mysqld" --no-defaults --user="$runs_as" --datadir="$data/db" --tmpdir="$data" --init-file="$data/start.sql" \
		--bind-address=127.0.0.1 --port="$port" --socket="$data/socket" --pid-file="$data/pid" --skip-name-resolve \
		--mysqlx=OFF --secure-file-priv=NULL --disable-log-bin --innodb-buffer-pool-size=64M --innodb-redo-log-capacity=64M \
		--innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=OFF
	share MYSQL_URL "mysql://$user:$password@127.0.0.1:$port/lostorder"
	share MYSQLD "$data/mysqld"
	share MYSQL_DATA "$cache/$fresh"
}

part_ready() { grep -q "ready for connections" "$log"; }

# The server as a program that may be called from outside the folder. Whom it is told to run as may not enter the cache,
# so what it loads later is beside it.
make_program() {
	sid_loader
	mkdir "$data/plugins"
	cp "$sid"/usr/lib/mysql/plugin/component_{reference_cache,classic_hashing}.so "$data/plugins"
	printf '#!/bin/sh\nexec %s "$@" --plugin-dir=%q --lc-messages-dir=%q\n' \
		"${loader[*]@Q} ${sid@Q}/usr/sbin/mysqld" "$data/plugins" "$sid/usr/share/mysql" >"$data/mysqld"
	chmod +x "$data/mysqld"
}

init_sql() {
	cat <<-SQL
		CREATE DATABASE lostorder;
		CREATE USER '$user'@'%' IDENTIFIED BY '$password';
		GRANT ALL PRIVILEGES ON *.* TO '$user'@'%' WITH GRANT OPTION;
	SQL
	zones_sql "$sid/usr/share/zoneinfo" "${loader[@]}" "$sid/usr/bin/mysql_tzinfo_to_sql"
}

make_data() { # FOLDER
	quiet "$data/mysqld" --no-defaults --user="$runs_as" --initialize-insecure --init-file="$data/init.sql" \
		--datadir="$data/fresh" --tmpdir="$data" --secure-file-priv=NULL --innodb-redo-log-capacity=8M ||
		fail "could not make a database"
	# By which servers are told apart; each makes one of its own.
	rm "$data/fresh/auto.cnf"
	cp -r "$data/fresh/." "$1"
	rm -r "$data/fresh"
}
