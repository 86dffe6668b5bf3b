#!/bin/sh
set -e
# Without an init, as in a container, there is nothing to tell.
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart lostorder.service
