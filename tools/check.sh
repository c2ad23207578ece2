#!/usr/bin/env bash
# Everything that a change must pass: lint, boundaries, types, contracts, tests. Ends with the line `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/node_modules/.bin:$PATH" NX_DAEMON=false
passed=0
failed=0

step() {
  local name=$1
  shift
  echo "== $name"
  if "$@"; then
    passed=$((passed + 1))
  else
    echo "== $name FAILED"
    failed=$((failed + 1))
  fi
}

step "format and lint" biome ci --colors=off .
step "boundaries" depcruise libs services tests deploy --config .dependency-cruiser.mjs
step "types and build" tsc -b
step "pure domains without a platform" tsc -p tsconfig.pure.json
step "types of tests" tsc -p tsconfig.tests.json
step "contracts: lint" npm run -s proto:lint
step "contracts: nothing breaks" npm run -s proto:breaking
step "contracts: generated code is current" node tools/check-proto.mjs

totals=$(mktemp)
ATTRIUM_TEST_TOTALS=$totals step "tests" npm run -s test
while read -r p f; do
  passed=$((passed + p))
  failed=$((failed + f))
done <"$totals"
rm -f "$totals"
step "chaos, short form" npm run -s chaos -- --seed 20260101 --rate 2100

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
