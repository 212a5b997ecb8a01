#!/usr/bin/env bash
# Makes sure that the tests of telemetry have an OTLP decoder, an SDK and an exporter that are not ours (npm's OpenTelemetry, in artifacts/otlp); starts nothing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say "== OTLP: making sure that the tests' decoder is installed"
command -v npm >/dev/null || apt_install nodejs npm
folder=artifacts/otlp
if [ ! -d "$folder/node_modules/@opentelemetry/exporter-trace-otlp-proto" ]; then
  mkdir -p "$folder"
  # Later versions no longer carry the root of the protobuf types.
  npm install --prefix "$folder" --no-save --no-audit --no-fund --silent \
    @opentelemetry/otlp-transformer@0.214.0 @opentelemetry/exporter-trace-otlp-proto@0.214.0 @opentelemetry/sdk-trace-node@2.6.1 @opentelemetry/api@1.9.0 \
    || die "npm could not install OpenTelemetry"
fi
node -e 'console.log("otlp-transformer", require("./artifacts/otlp/node_modules/@opentelemetry/otlp-transformer/package.json").version)'
