#!/usr/bin/env bash
# Health check inside a service container: succeeds when GET PATH on 127.0.0.1:PORT answers 200. Usage: probe.sh PORT PATH
# The image has no HTTP client, so this uses only bash. It prints nothing unless it fails.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
read -r -t 3 _ code _ <&3
[ "$code" = 200 ] || { echo "GET $2 on port $1 answered $code"; exit 1; }
