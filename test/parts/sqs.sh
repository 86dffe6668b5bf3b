# SQS and CloudWatch, as moto imitates them. It publishes no AWS/SQS metrics by itself: a test that needs them puts them.
version=5.2.5
address_variable=SQS_ENDPOINT

venv=$cache/moto-$version

part_installed() { [[ -d $venv ]]; }

part_install() {
	need python3 "Python 3 (apt-get install python3 python3-venv)"
	cached "moto-$version" download
}

download() { # FOLDER
	quiet python3 -m venv "$1" || fail "python3 could not make a virtual environment" "apt-get install python3-venv"
	again quiet "$1/bin/python" -m pip install --disable-pip-version-check "moto[server,sqs,cloudwatch,sts]==$version" ||
		fail "pip could not install moto $version" "access to PyPI, or a mirror of it in pip.conf"
	# Compiled here once, not at the first start of every run.
	quiet "$1/bin/python" -m compileall -q "$1/lib"
}

part_start() {
	free_port port
	serve "$venv/bin/python" -m moto.server -H 127.0.0.1 -p "$port"
	share SQS_ENDPOINT "http://127.0.0.1:$port"
	share MOTO_PYTHON "$venv/bin/python"
}

part_ready() { : <>"/dev/tcp/127.0.0.1/$port"; }
