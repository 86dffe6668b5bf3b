# Three brokers of Apache Kafka that are one cluster and its controllers (KRaft): for what a single broker does not have.
# shellcheck source=test/parts/kafka.sh
source "$here/kafka.sh"
address_variable=KAFKACLUSTER_ADDRS

part_start() {
	need java "Java 17 or newer (apt-get install openjdk-17-jre-headless)"
	local node plain=() controller=() addrs=() voters=()
	for node in 0 1 2; do
		free_port "plain[$node]"
		free_port "controller[$node]"
		addrs+=("127.0.0.1:${plain[$node]}")
		voters+=("$((node + 1))@127.0.0.1:${controller[$node]}")
	done
	log_properties
	local java=(java -Dlog4j2.configurationFile="$data/log4j2.properties" -XX:TieredStopAtLevel=1 -Xmx300m -cp "$jars/*")
	for node in 0 1 2; do
		cat >"$data/server$node.properties" <<-PROPERTIES
			process.roles=broker,controller
			node.id=$((node + 1))
			controller.quorum.voters=$(IFS=,; echo "${voters[*]}")
			controller.listener.names=CONTROLLER
			listeners=PLAINTEXT://127.0.0.1:${plain[$node]},CONTROLLER://127.0.0.1:${controller[$node]}
			log.dirs=$data/log$node
			broker.session.timeout.ms=4000
			broker.heartbeat.interval.ms=500
			controller.quorum.election.timeout.ms=1000
			offsets.topic.replication.factor=3
			offsets.topic.num.partitions=6
			transaction.state.log.replication.factor=3
			transaction.state.log.num.partitions=6
			share.coordinator.state.topic.replication.factor=3
			share.coordinator.state.topic.num.partitions=6
			min.insync.replicas=1
			group.initial.rebalance.delay.ms=0
		PROPERTIES
		quiet "${java[@]}" kafka.tools.StorageTool format --config "$data/server$node.properties" \
			--cluster-id lostorder-tests-000003 || fail "could not format Kafka's data folder"
	done
	# A broker that a test ends comes back when the test says so. The server is the loop, so that the run ends both.
	cat >"$data/keep" <<-'KEEP'
		data=$1 node=$2
		shift 2
		while :; do
			"$@" &
			echo $! >"$data/pid$node"
			wait $!
			while [ -e "$data/down$node" ]; do sleep 0.1; done
		done
	KEEP
	cat >"$data/ctl" <<-CTL
		#!/bin/sh
		case \$2 in
		down) touch "$data/down\$1"; kill -KILL "\$(cat "$data/pid\$1")" ;;
		up) rm -f "$data/down\$1" ;;
		hang) kill -STOP "\$(cat "$data/pid\$1")" ;;
		answer) kill -CONT "\$(cat "$data/pid\$1")" ;;
		*) echo "usage: ctl 0|1|2 down|up|hang|answer" >&2; exit 2 ;;
		esac
	CTL
	chmod 755 "$data/ctl"
	for node in 0 1 2; do
		serve sh "$data/keep" "$data" "$node" "${java[@]}" kafka.Kafka "$data/server$node.properties"
	done
	share KAFKACLUSTER_ADDRS "${addrs[*]}"
	share KAFKACLUSTER_CTL "$data/ctl"
}

part_ready() { (($(grep -c "Kafka Server started" "$log") == 3)); }
