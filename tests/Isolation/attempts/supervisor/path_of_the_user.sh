mkdir -p /root/bin
printf '#!/bin/sh\nid -u >/tmp/who\n' >/root/bin/python3
cp /root/bin/python3 /root/bin/bash
chmod 755 /root/bin/*
[ "$(id -u)" != 0 ] && [ ! -e /tmp/who ] && echo held
