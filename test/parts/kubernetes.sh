# A node of Kubernetes with everything that it needs: etcd, API server, scheduler, controllers, kubelet, kube-proxy and
# containerd. It runs in namespaces of its own, so that all its pods, mounts and network rules end with it.
version=1.34.0
address_variable=KUBECONFIG
# Its data is thrown away, and the kernel ends everything in the namespaces with their first process.
stop_signal=KILL

source_folder=$here/../kubernetes/node
programs=$cache/kubernetes-$version-$(cat "$source_folder"/go.sum "$source_folder"/*.go "$source_folder"/pause/*.go | sha256sum | cut -c 1-12)

part_installed() {
	[[ -d $programs && -x /usr/lib/cni/bridge ]] && command -v containerd runc etcd iptables ip unshare openssl conntrack >/dev/null
}

part_install() {
	((EUID == 0)) || fail "a node of Kubernetes takes root; leave it out by SKIP_KUBERNETES=1"
	apt_install containerd runc etcd-server containernetworking-plugins iptables iproute2 openssl conntrack
	need go "Go (https://go.dev/dl)"
	cached "${programs##*/}" build
}

build() { # FOLDER
	local stamp="k8s.io/component-base/version"
	quiet env CGO_ENABLED=0 go build -C "$source_folder" -trimpath -buildvcs=false -o "$1/node" \
		-ldflags="-s -w -X $stamp.gitVersion=v$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=34" . ||
		fail "could not build Kubernetes $version" "access to a proxy of Go modules"
	quiet env CGO_ENABLED=0 go build -C "$source_folder" -trimpath -buildvcs=false -ldflags='-s -w' -o "$1/pause" ./pause ||
		fail "could not build the program of empty pods"
	local name
	for name in kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet; do ln -s node "$1/$name"; done
}

part_start() {
	((EUID == 0)) || fail "a node of Kubernetes takes root; leave it out by SKIP_KUBERNETES=1"
	# The port is not used. It is a number that no other run has, for networks that no other run has.
	local number first child
	free_port number
	number=$((number - 20000))
	host=10.203.$((number / 64)).$((number % 64 * 4 + 1))
	node=10.203.$((number / 64)).$((number % 64 * 4 + 2))
	pods=10.$((64 + number % 64)).$((number / 64)).0/24
	certificates
	configure

	serve unshare --net --mount --pid --fork --kill-child=KILL --mount-proc \
		env host="$host" node="$node" pods="$pods" data="$data" programs="$programs" bash "$source_folder/start"
	first=${servers[-1]}
	until child=$(pgrep -P "$first"); do sleep 0.05; done
	# The interface ends with the namespace of its other end.
	quiet ip link add "lo$number" type veth peer name eth0 netns "$child" || fail "could not connect the node's network"
	quiet ip address add "$host/30" dev "lo$number"
	quiet ip link set "lo$number" up
	quiet ip route add "$pods" via "$node"
	share KUBECONFIG "$data/kubeconfig"
	share KUBERNETES_HOST_IP "$host"
	share KUBERNETES_FORWARD "$programs/pause"
	share CONTAINERD_ADDRESS "$data/containerd.sock"
}

part_ready() {
	# The node is ready once its pods get addresses.
	curl --silent --fail --max-time 2 --cacert "$data/ca.pem" --header "Authorization: Bearer $token" "https://$node:6443/api/v1/nodes/node-1" |
		tr -d ' \n' | grep -q '"type":"Ready","status":"True"\|"status":"True",[^{}]*"type":"Ready"\|"type":"Ready",[^{}]*"status":"True"' &&
		curl --silent --fail --max-time 2 --cacert "$data/ca.pem" --header "Authorization: Bearer $token" "https://$node:6443/api/v1/namespaces/default/serviceaccounts/default" >/dev/null
}

certificates() {
	token=$(openssl rand -hex 16)
	echo "$token,admin,admin,\"system:masters\"" >"$data/tokens.csv"
	quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=lostorder-test -keyout "$data/ca.key" -out "$data/ca.pem"
	quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=kube-apiserver -keyout "$data/server.key" -out "$data/server.csr"
	quiet openssl x509 -req -in "$data/server.csr" -CA "$data/ca.pem" -CAkey "$data/ca.key" -CAcreateserial -days 2 -out "$data/server.pem" \
		-extfile <(echo "subjectAltName=IP:$node,IP:10.96.0.1,IP:127.0.0.1,DNS:kubernetes.default.svc")
	quiet openssl genrsa -out "$data/accounts.key" 2048
	quiet openssl rsa -in "$data/accounts.key" -pubout -out "$data/accounts.pub"
}

configure() {
	cat >"$data/kubeconfig" <<-CONFIG
		apiVersion: v1
		kind: Config
		clusters: [{name: test, cluster: {server: "https://$node:6443", certificate-authority-data: $(base64 -w 0 "$data/ca.pem")}}]
		users: [{name: admin, user: {token: $token}}]
		contexts: [{name: test, context: {cluster: test, user: admin}}]
		current-context: test
	CONFIG
	cat >"$data/containerd.toml" <<-CONFIG
		version = 2
		root = "$data/containerd"
		state = "/run/containerd"
		[grpc]
		  address = "$data/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "lostorder.test/pause:1"
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$data/cni"
	CONFIG
	mkdir "$data/cni"
	cat >"$data/cni/10-bridge.conflist" <<-CONFIG
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [
		  {"type": "bridge", "bridge": "pods", "isGateway": true, "ipMasq": false, "hairpinMode": true,
		   "ipam": {"type": "host-local", "dataDir": "$data/addresses", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
		  {"type": "portmap", "capabilities": {"portMappings": true}}]}
	CONFIG
	cat >"$data/kubelet.yaml" <<-CONFIG
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
		authorization: {mode: AlwaysAllow}
		cgroupDriver: cgroupfs
		cgroupRoot: /
		failCgroupV1: false
		failSwapOn: false
		enforceNodeAllocatable: []
		localStorageCapacityIsolation: false
		containerRuntimeEndpoint: unix://$data/containerd.sock
		resolvConf: ""
		clusterDNS: [$host]
		clusterDomain: cluster.local
		imageMinimumGCAge: 24h
		imageGCHighThresholdPercent: 100
		evictionHard: {memory.available: 1Mi}
		syncFrequency: 5s
		configMapAndSecretChangeDetectionStrategy: Watch
		nodeStatusUpdateFrequency: 2s
	CONFIG
}
