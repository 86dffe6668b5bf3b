# PostgreSQL, from the distribution's package.
address_variable=POSTGRES_URL
# SIGTERM would wait for clients to leave; this is PostgreSQL's "fast shutdown".
stop_signal=INT

user=lostorder password=lostorder-secret

part_installed() {
	# Debian keeps the server's programs out of the PATH; the newest version counts.
	bin=$(find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1) || true
	if [[ ! $bin ]]; then bin=$(dirname "$(command -v initdb)" 2>/dev/null) || return 1; fi
	[[ -x $bin/initdb && -x $bin/postgres && -x $bin/pg_isready ]]
}

part_install() {
	# Or the package makes a database of its own, which starts with the machine.
	local no_cluster=/etc/postgresql-common/createcluster.d/lostorder.conf
	if ((EUID == 0)); then
		undo+=("$no_cluster")
		mkdir -p "${no_cluster%/*}"
		echo "create_main_cluster = false" >"$no_cluster"
	fi
	apt_install postgresql
}

part_start() {
	version=$("$bin/postgres" --version | awk '{ print $3 }')
	unprivileged postgres
	free_port port
	echo "$password" >"$data/password"
	[[ ${#as[@]} -eq 0 ]] || chown postgres "$data/password"
	quiet "${as[@]}" "$bin/initdb" --pgdata="$data/db" --username="$user" --pwfile="$data/password" \
		--auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync ||
		fail "could not make a database"
	serve "${as[@]}" "$bin/postgres" -D "$data/db" -p "$port" \
		-c listen_addresses=127.0.0.1 -c unix_socket_directories= \
		-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c wal_level=logical
	share POSTGRES_URL "postgres://$user:$password@127.0.0.1:$port/postgres?sslmode=disable"
}

part_ready() { "$bin/pg_isready" -h 127.0.0.1 -p "$port"; }
