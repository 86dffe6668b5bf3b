# Apache Kafka, one broker that is its own controller (KRaft), from the jars that the project publishes.
version=4.3.1
address_variable=KAFKA_ADDR
# Its data is thrown away, so there is nothing to shut down in good order.
stop_signal=KILL

jars=$cache/kafka-$version
user=lostorder password=lostorder-secret session_ms=2000

part_installed() { [[ -d $jars ]]; }

part_install() {
	need java "Java 17 or newer (apt-get install openjdk-17-jre-headless)"
	pom
	cached "kafka-$version" download
}

pom() {
	need mvn "Maven (apt-get install maven)"
	cat >"$data/pom.xml" <<-POM
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>lostorder</groupId>
		  <artifactId>kafka</artifactId>
		  <version>1</version>
		  <dependencies>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
		    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.5</version></dependency>
		  </dependencies>
		</project>
	POM
}

download() { # FOLDER
	# A repository of its own: two Mavens at work in the user's one can spoil it.
	again quiet mvn -B -ntp -f "$data/pom.xml" -Dmaven.repo.local="$data/m2" \
		org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$1" ||
		fail "Maven could not download Kafka $version" "access to Maven Central, or a mirror of it in ~/.m2/settings.xml"
	rm -rf "$data/m2"
}

part_start() {
	need java "Java 17 or newer (apt-get install openjdk-17-jre-headless)"
	need openssl "OpenSSL (apt-get install openssl)"
	local plain sasl tls controller session mtls
	free_port plain
	free_port sasl
	free_port tls
	free_port session
	free_port mtls
	free_port controller
	certificates
	token_key

	# The topics that Kafka keeps for itself come in 50 partitions and three replicas: here few and one.
	# Retention acts after minutes by default, and each test of it would have to wait for that.
	# The authorizer is there for tests that a right is missing: who comes without SASL, and the user above, may do
	# everything; users that a test makes may do nothing until it gives them an ACL.
	cat >"$data/server.properties" <<-PROPERTIES
		process.roles=broker,controller
		node.id=1
		controller.quorum.bootstrap.servers=127.0.0.1:$controller
		controller.listener.names=CONTROLLER
		inter.broker.listener.name=PLAIN
		listeners=PLAIN://127.0.0.1:$plain,SASL://127.0.0.1:$sasl,TLS://127.0.0.1:$tls,SESSION://127.0.0.1:$session,MTLS://127.0.0.1:$mtls,CONTROLLER://127.0.0.1:$controller
		listener.security.protocol.map=PLAIN:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SSL,SESSION:SASL_PLAINTEXT,MTLS:SSL,CONTROLLER:PLAINTEXT
		log.dirs=$data/log

		sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
		listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$user="$password";
		listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
		listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
		listener.name.tls.ssl.keystore.type=PEM
		listener.name.tls.ssl.keystore.location=$data/server.pem

		listener.name.mtls.ssl.keystore.type=PEM
		listener.name.mtls.ssl.keystore.location=$data/server.pem
		listener.name.mtls.ssl.truststore.type=PEM
		listener.name.mtls.ssl.truststore.location=$data/ca.pem
		listener.name.mtls.ssl.client.auth=required

		listener.name.session.sasl.enabled.mechanisms=OAUTHBEARER,PLAIN,SCRAM-SHA-512
		listener.name.session.oauthbearer.connections.max.reauth.ms=$session_ms
		listener.name.session.plain.connections.max.reauth.ms=$session_ms
		listener.name.session.scram-sha-512.connections.max.reauth.ms=$session_ms
		listener.name.session.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$user="$password";
		listener.name.session.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
		listener.name.session.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
		listener.name.session.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
		listener.name.session.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://$data/jwks.json
		listener.name.session.oauthbearer.sasl.oauthbearer.expected.audience=kafka
		listener.name.session.oauthbearer.sasl.oauthbearer.expected.issuer=https://idp.example.com

		authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
		super.users=User:ANONYMOUS;User:$user;User:CN=$user

		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=5
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		transaction.state.log.num.partitions=5
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
		share.coordinator.state.topic.num.partitions=5
		group.initial.rebalance.delay.ms=0
		log.initial.task.delay.ms=1000
		log.retention.check.interval.ms=1000
		log.segment.delete.delay.ms=1000
	PROPERTIES
	log_properties

	local java=(java -Dlog4j2.configurationFile="$data/log4j2.properties" -cp "$jars/*")
	quiet "${java[@]}" -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format --standalone \
		--config "$data/server.properties" --cluster-id lostorder-tests-000000 \
		--add-scram "SCRAM-SHA-256=[name=$user,password=$password]" \
		--add-scram "SCRAM-SHA-512=[name=$user,password=$password]" ||
		fail "could not format Kafka's data folder"
	serve "${java[@]}" -Xmx1g -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="file://$data/jwks.json" kafka.Kafka "$data/server.properties"

	share KAFKA_ADDR "127.0.0.1:$plain"
	share KAFKA_SASL_ADDR "127.0.0.1:$sasl"
	share KAFKA_TLS_ADDR "127.0.0.1:$tls"
	share KAFKA_TLS_CA "$data/ca.pem"
	share KAFKA_TLS_CA_KEY "$data/ca.key"
	share KAFKA_MTLS_ADDR "127.0.0.1:$mtls"
	# Its sessions end after session_ms, and it takes the tokens that the key signs.
	share KAFKA_SESSION_ADDR "127.0.0.1:$session"
	share KAFKA_TOKEN_KEY "$data/token.key"
	share KAFKA_JARS "$jars"
}

log_properties() {
	cat >"$data/log4j2.properties" <<-'PROPERTIES'
		rootLogger.level=INFO
		rootLogger.appenderRef.console.ref=console
		appender.console.type=Console
		appender.console.name=console
		appender.console.layout.type=PatternLayout
		appender.console.layout.pattern=%d{ABSOLUTE} %p %m (%c{1})%n
	PROPERTIES
}

certificates() {
	local request=(openssl req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1)
	quiet "${request[@]}" -subj "/CN=lostorder tests" -keyout "$data/ca.key" -out "$data/ca.pem"
	quiet "${request[@]}" -subj "/CN=localhost" -keyout "$data/server.key" -out "$data/server.crt" \
		-CA "$data/ca.pem" -CAkey "$data/ca.key" -addext "basicConstraints=critical,CA:FALSE" \
		-addext "subjectAltName=DNS:localhost,IP:127.0.0.1"
	cat "$data/server.key" "$data/server.crt" >"$data/server.pem"
}

# The key that signs tokens, and what the broker checks them with: a test is the identity provider.
token_key() {
	quiet openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$data/token.key"
	printf '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"tests","e":"AQAB","n":"%s"}]}\n' \
		"$(openssl rsa -in "$data/token.key" -noout -modulus | cut -d= -f2 | basenc --base16 -d | basenc --base64url -w0 | tr -d =)" \
		>"$data/jwks.json"
}

part_ready() { grep -q "Kafka Server started" "$log"; }
