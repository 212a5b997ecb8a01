#!/usr/bin/env bash
# Checks the documentation site without building it: every page is in the sidebar, and no link leads to a missing page or heading. Needs Node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../docs/site"
node stage.mjs
node check.mjs
