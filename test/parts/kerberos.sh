# A Kerberos realm of MIT's KDC, and a broker of Apache Kafka that knows its users by GSSAPI.
# shellcheck source=test/parts/kafka.sh
source "$here/kafka.sh"
address_variable=KERBEROS_KAFKA_ADDR

realm=LOSTORDER.TEST

part_installed() { [[ -d $jars ]] && command -v krb5kdc >/dev/null && command -v kadmin.local >/dev/null && command -v kinit >/dev/null; }

part_install() {
	need java "Java 17 or newer (apt-get install openjdk-17-jre-headless)"
	[[ -d $jars ]] || {
		pom
		cached "kafka-$version" download
	}
	apt_install krb5-kdc krb5-admin-server krb5-user
}

part_start() {
	need java "Java 17 or newer (apt-get install openjdk-17-jre-headless)"
	local plain gssapi controller kdc
	free_port plain
	free_port gssapi
	free_port controller
	free_port kdc
	# The broker's address is a name, because its principal has one.
	cat >"$data/krb5.conf" <<-CONF
		[libdefaults]
		    default_realm = $realm
		    dns_lookup_kdc = false
		    dns_lookup_realm = false
		    rdns = false
		[realms]
		    $realm = {
		        kdc = 127.0.0.1:$kdc
		    }
	CONF
	cat >"$data/kdc.conf" <<-CONF
		[realms]
		    $realm = {
		        database_name = $data/principal
		        key_stash_file = $data/stash
		        kdc_listen = 127.0.0.1:$kdc
		        kdc_tcp_listen = 127.0.0.1:$kdc
		        max_renewable_life = 1d
		    }
	CONF
	export KRB5_CONFIG=$data/krb5.conf KRB5_KDC_PROFILE=$data/kdc.conf
	quiet kdb5_util -r "$realm" create -s -P lostorder-tests || fail "could not create the realm"
	quiet kadmin.local -r "$realm" addprinc -randkey kafka/localhost
	quiet kadmin.local -r "$realm" addprinc -randkey "$user"
	quiet kadmin.local -r "$realm" ktadd -k "$data/broker.keytab" kafka/localhost
	quiet kadmin.local -r "$realm" ktadd -k "$data/$user.keytab" "$user" || fail "could not write the keytabs"
	serve krb5kdc -n -r "$realm" -P "$data/kdc.pid"

	cat >"$data/server.properties" <<-PROPERTIES
		process.roles=broker,controller
		node.id=1
		controller.quorum.bootstrap.servers=127.0.0.1:$controller
		controller.listener.names=CONTROLLER
		inter.broker.listener.name=PLAIN
		listeners=PLAIN://127.0.0.1:$plain,GSSAPI://localhost:$gssapi,CONTROLLER://127.0.0.1:$controller
		listener.security.protocol.map=PLAIN:PLAINTEXT,GSSAPI:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
		log.dirs=$data/log
		sasl.enabled.mechanisms=GSSAPI
		sasl.kerberos.service.name=kafka
		listener.name.gssapi.gssapi.connections.max.reauth.ms=$session_ms
		listener.name.gssapi.gssapi.sasl.jaas.config=com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true isInitiator=false keyTab="$data/broker.keytab" principal="kafka/localhost@$realm";
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=5
		group.initial.rebalance.delay.ms=0
	PROPERTIES
	log_properties
	local java=(java -Dlog4j2.configurationFile="$data/log4j2.properties" -Djava.security.krb5.conf="$data/krb5.conf" -cp "$jars/*")
	quiet "${java[@]}" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format --standalone \
		--config "$data/server.properties" --cluster-id lostorder-tests-000004 || fail "could not format Kafka's data folder"
	serve "${java[@]}" -Xmx300m -XX:TieredStopAtLevel=1 kafka.Kafka "$data/server.properties"

	share KERBEROS_KAFKA_ADDR "localhost:$gssapi"
	share KERBEROS_PLAIN_ADDR "127.0.0.1:$plain"
	share KERBEROS_CONFIG "$data/krb5.conf"
	share KERBEROS_KEYTAB "$data/$user.keytab"
}
