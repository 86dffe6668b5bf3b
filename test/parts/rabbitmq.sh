# RabbitMQ 4, with the management, prometheus and stream plugins, from Debian unstable in a folder of its own.
version=4.3
address_variable=RABBITMQ_URL
# Its data is thrown away, so there is nothing to shut down in good order.
stop_signal=KILL

user=lostorder password=lostorder-secret

# shellcheck source=sid
source "$here/sid"

part_installed() { sid_installed; }

part_install() { sid_install RABBITMQ_URL; }

# Leaves in "inside" the prefix for commands in the folder. The mounts are seen by the server alone and end with it:
# several runs share the folder and keep their own data.
make_start() {
	cat >"$data/start" <<-'START'
		set -e
		root=$1 data=$2
		shift 2
		mount --rbind /proc "$root/proc"
		mount --rbind /dev "$root/dev"
		mount --bind "$data" "$root/srv"
		exec chroot "$root" setpriv --reuid=rabbitmq --regid=rabbitmq --clear-groups "$@"
	START
	inside=(unshare --mount --propagation private sh "$data/start" "$sid" "$data" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/srv)
}

# Starts one node; what else is to be in its configuration comes from standard input, with @TLS@ for a port that it gets.
# Leaves its ports in "management", "prometheus", "stream" and "tls".
node_start() { # EPMD-PORT AMQP-PORT FOLDER [ERLANG-ARGUMENTS]
	local distribution folder=$data/$3
	amqp=$2
	free_port distribution
	free_port management
	free_port prometheus
	free_port stream
	free_port tls
	mkdir "$folder"
	chmod 777 "$folder"
	echo '[rabbitmq_management, rabbitmq_prometheus, rabbitmq_stream].' >"$folder/enabled_plugins"
	cat >"$folder/rabbitmq.conf" <<-CONF
		listeners.tcp.1 = 127.0.0.1:$amqp
		management.tcp.ip = 127.0.0.1
		management.tcp.port = $management
		prometheus.tcp.ip = 127.0.0.1
		prometheus.tcp.port = $prometheus
		stream.listeners.tcp.1 = 127.0.0.1:$stream
		stream.advertised_host = 127.0.0.1
		stream.advertised_port = $stream
		default_user = $user
		default_pass = $password
		loopback_users = none
		log.console = true
		log.file = false
		# Counters are brought up to date this often, and each test of them would have to wait for that.
		collect_statistics_interval = 1000
	CONF
	sed "s/@TLS@/$tls/" >>"$folder/rabbitmq.conf"
	serve "${inside[@]}" ERL_EPMD_PORT="$1" \
		RABBITMQ_NODENAME="lostorder$amqp@localhost" RABBITMQ_DIST_PORT="$distribution" \
		RABBITMQ_MNESIA_BASE="/srv/$3/db" RABBITMQ_LOG_BASE="/srv/$3/log" RABBITMQ_PID_FILE="/srv/$3/pid" \
		RABBITMQ_CONFIG_FILE="/srv/$3/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="/srv/$3/enabled_plugins" \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-start_epmd false -kernel inet_dist_use_interface {127,0,0,1} ${4:-}" \
		/usr/lib/rabbitmq/bin/rabbitmq-server
}

part_start() {
	((EUID == 0)) || fail "it runs in a folder of its own, which takes root" "run it as root, or set RABBITMQ_URL"
	sid_version rabbitmq-server
	local epmd port
	free_port epmd
	free_port port
	chmod 777 "$data"
	make_start
	# Not left to RabbitMQ, which would leave it running.
	serve "${inside[@]}" ERL_EPMD_PORT="$epmd" epmd -address 127.0.0.1
	node_start "$epmd" "$port" node </dev/null

	share RABBITMQ_URL "http://$user:$password@127.0.0.1:$management"
	share RABBITMQ_AMQP_URL "amqp://$user:$password@127.0.0.1:$amqp/"
	share RABBITMQ_PROMETHEUS_URL "http://127.0.0.1:$prometheus"
	share RABBITMQ_STREAM_ADDR "127.0.0.1:$stream"
}

part_ready() { grep -q "Server startup complete" "$log"; }
