#!/usr/bin/env bash
# Builds the documentation site into docs/site/.vitepress/dist. Needs Node 20 and npm, and takes two minutes.
#
# PODFLARE_DOCS_BASE is the path below which the site is served (default /). PODFLARE_REPOSITORY_URL is where links to sources lead;
# without it, they are plain text.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../docs/site"
[ -x node_modules/.bin/vitepress ] || npm ci --no-audit --no-fund --loglevel=error
npm run --silent build
