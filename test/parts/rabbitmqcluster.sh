# Two nodes of RabbitMQ 4 that are one cluster, and speak TLS beside plain text: for what a single node does not have.
# shellcheck source=test/parts/rabbitmq.sh
source "$here/rabbitmq.sh"
address_variable=RABBITMQCLUSTER_URLS

part_install() { sid_install "$address_variable"; }

part_start() {
	((EUID == 0)) || fail "it runs in a folder of its own, which takes root" "run it as root, or set $address_variable"
	need openssl "apt-get install openssl"
	sid_version rabbitmq-server
	chmod 777 "$data"
	make_start
	local epmd node urls=() secure=() plugins=() amqps=() names=() ports=()
	free_port epmd
	serve "${inside[@]}" ERL_EPMD_PORT="$epmd" epmd -address 127.0.0.1
	certify
	for node in 0 1; do
		free_port "ports[$node]"
		names+=("lostorder${ports[$node]}@localhost")
	done
	for node in 0 1; do
		node_start "$epmd" "${ports[$node]}" "node$node" "-setcookie lostorder" <<-CONF
			cluster_formation.peer_discovery_backend = classic_config
			cluster_formation.classic_config.nodes.1 = ${names[0]}
			cluster_formation.classic_config.nodes.2 = ${names[1]}
			management.ssl.ip = 127.0.0.1
			management.ssl.port = @TLS@
			management.ssl.cacertfile = /srv/tls/ca.pem
			management.ssl.certfile = /srv/tls/server.pem
			management.ssl.keyfile = /srv/tls/server-key.pem
		CONF
		urls+=("http://127.0.0.1:$management")
		secure+=("https://127.0.0.1:$tls")
		plugins+=("http://127.0.0.1:$prometheus")
		amqps+=("amqp://$user:$password@127.0.0.1:$amqp/")
	done
	# For a test that stops a node and starts it again: ctl NODE stop_app.
	{
		echo '#!/bin/bash'
		printf 'nodes=(%s %s)\nnode=$1\nshift\n' "${names[@]}"
		printf 'exec %s ERL_EPMD_PORT=%s /usr/lib/rabbitmq/bin/rabbitmqctl --erlang-cookie lostorder -n "${nodes[$node]}" "$@"\n' "${inside[*]@Q}" "$epmd"
	} >"$data/ctl"
	chmod 755 "$data/ctl"
	share RABBITMQCLUSTER_CTL "$data/ctl"
	share RABBITMQCLUSTER_URLS "${urls[*]}"
	share RABBITMQCLUSTER_TLS_URLS "${secure[*]}"
	share RABBITMQCLUSTER_PROMETHEUS_URLS "${plugins[*]}"
	share RABBITMQCLUSTER_AMQP_URLS "${amqps[*]}"
	share RABBITMQCLUSTER_LOGIN "$user:$password"
	share RABBITMQCLUSTER_CA "$data/tls/ca.pem"
}

# An authority, and a certificate of it for 127.0.0.1.
certify() {
	local tls=$data/tls
	mkdir -m 755 "$tls"
	quiet openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=lostorder test authority" -keyout "$tls/ca-key.pem" -out "$tls/ca.pem"
	quiet openssl req -newkey rsa:2048 -nodes -subj "/CN=rabbitmq" -keyout "$tls/server-key.pem" -out "$tls/server.csr"
	echo "subjectAltName=IP:127.0.0.1" >"$tls/names"
	quiet openssl x509 -req -days 2 -in "$tls/server.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca-key.pem" -CAcreateserial -extfile "$tls/names" -out "$tls/server.pem"
	chmod 644 "$tls"/*
}

part_ready() { (($(grep -c "Server startup complete" "$log") == 2)); }
