#!/usr/bin/env bash
# Makes sure that the tests of the status page have a mail server (python3-aiosmtpd) and an independent verifier of webhook
# signatures (npm's standardwebhooks, in artifacts/webhooks); starts nothing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say "== Mail and webhooks: making sure that the tests' peers are installed"
/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || apt_install python3 python3-aiosmtpd
command -v npm >/dev/null || apt_install nodejs npm
folder=artifacts/webhooks
if [ ! -d "$folder/node_modules/standardwebhooks" ]; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --silent standardwebhooks@1.1.1 || die "npm could not install standardwebhooks"
fi
/usr/bin/python3 -c 'import aiosmtpd; print("aiosmtpd", aiosmtpd.__version__)'
