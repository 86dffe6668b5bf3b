# Chromium as Debian has it, as a program that a test starts itself, and axe-core, which checks accessibility.
version=system
address_variable=CHROMIUM

axe=4.11.0

part_installed() { command -v chromium >/dev/null && [[ -d $cache/axe-core-$axe ]]; }

part_install() {
	command -v chromium >/dev/null || apt_install chromium
	need npm "npm (apt-get install npm)"
	cached "axe-core-$axe" download
}

download() { # FOLDER
	again quiet npm install --prefix "$1" --no-audit --no-fund --ignore-scripts "axe-core@$axe" || fail "npm could not install axe-core $axe"
}

part_start() {
	share CHROMIUM "$(command -v chromium)"
	share AXE "$cache/axe-core-$axe/node_modules/axe-core/axe.min.js"
}

part_ready() { chromium --version; }
