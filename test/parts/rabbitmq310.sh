# RabbitMQ as the distribution has it (3.10 in Debian 12), with the management, prometheus and stream plugins: old
# and new differ in what they report.
version=3.10
address_variable=RABBITMQ310_URL
# Its data is thrown away, so there is nothing to shut down in good order.
stop_signal=KILL

programs=/usr/lib/rabbitmq/bin
user=lostorder password=lostorder-secret

part_installed() { [[ -x $programs/rabbitmq-server ]] && command -v epmd >/dev/null; }

part_install() { apt_install rabbitmq-server; }

part_start() {
	version=$(dpkg-query --show --showformat '${Version}' rabbitmq-server)
	version=${version%%-*}
	local epmd distribution amqp management prometheus stream
	free_port epmd
	free_port distribution
	free_port amqp
	free_port management
	free_port prometheus
	free_port stream
	unprivileged rabbitmq
	echo '[rabbitmq_management, rabbitmq_prometheus, rabbitmq_stream].' >"$data/enabled_plugins"
	cat >"$data/rabbitmq.conf" <<-CONF
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
	local server=("${as[@]}" env HOME="$data" ERL_EPMD_PORT="$epmd")
	# Not left to RabbitMQ, which would leave it running.
	serve "${server[@]}" epmd -address 127.0.0.1
	serve "${server[@]}" \
		RABBITMQ_NODENAME="lostorder$amqp@localhost" RABBITMQ_DIST_PORT="$distribution" \
		RABBITMQ_MNESIA_BASE="$data/db" RABBITMQ_LOG_BASE="$data/log" RABBITMQ_PID_FILE="$data/pid" \
		RABBITMQ_CONFIG_FILE="$data/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$data/enabled_plugins" \
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}" \
		"$programs/rabbitmq-server"

	share RABBITMQ310_URL "http://$user:$password@127.0.0.1:$management"
	share RABBITMQ310_AMQP_URL "amqp://$user:$password@127.0.0.1:$amqp/"
	share RABBITMQ310_PROMETHEUS_URL "http://127.0.0.1:$prometheus"
	share RABBITMQ310_STREAM_ADDR "127.0.0.1:$stream"
}

part_ready() { grep -q "Server startup complete" "$log"; }
