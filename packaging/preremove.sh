#!/bin/sh
set -e
# Deb says "remove", rpm says how many versions are left.
case "$1" in remove | 0) ;; *) exit 0 ;; esac
[ -d /run/systemd/system ] || exit 0
systemctl disable --now lostorder.service
