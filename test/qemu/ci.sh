#!/usr/bin/env bash
# What needs a real kernel, for .ci/run, after the build: the tests, and a campaign of half a minute. The doctor's
# commands bring what the machine lacks. Where apt cannot, that is said and nothing is tested; whatever else goes
# wrong is a failure. Two to six minutes on two slow processors.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../..")
(cd "$root" && npm run --silent build:native)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Here the doctor looks for a kernel, and its commands unpack one.
cd "$scratch"
daxfuzz() { timeout 240 node "$root/dist/src/cli/main.js" "$@"; }

cat > apt.conf <<'END'
APT::Get::Assume-Yes "true";
Acquire::Retries "1";
Acquire::http::Timeout "20";
END
export APT_CONFIG=$scratch/apt.conf DEBIAN_FRONTEND=noninteractive
# Root may have no sudo, and nobody is there to give a password.
sudo() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else command sudo -n --preserve-env=APT_CONFIG,DEBIAN_FRONTEND "$@"; fi
}
export -f sudo

daxfuzz doctor --json > doctor.json
node -p 'require("./doctor.json").commands.join("\n")' > commands
if ! timeout 300 bash -e commands > commands.log 2>&1; then
  echo "SKIPPED: the tests of real kernels, for apt cannot bring what they need:" \
    "$(grep -E '^E:|sudo:|not found' commands.log | head -n 1)"
  exit 0
fi
daxfuzz doctor --json > doctor.json
node -e '
  const { realKernels, checks } = require("./doctor.json");
  if (!realKernels) throw new Error(`not brought: ${JSON.stringify(checks, null, 2)}`);
'
kernel=$(node -p 'require("./doctor.json").checks.find(({ name }) => name === "kernels").detail.split(", ")[0]')
echo "real kernel: $kernel"
DAXFUZZ_KERNEL=$(realpath "${kernel#qemu:}") timeout 240 node --test "$root/dist/test/qemu/real.test.js"

# Exit code 1 says that it found something, which only people can judge.
daxfuzz run --kernel "$kernel" --fs ext4 --seed 1 --time 30s --workers 1 --json > campaign.json || [ $? -eq 1 ]
node -e '
  const { executions, executionsDiscarded, crashImagesMounted, findings } = require("./campaign.json");
  console.log({ executions, executionsDiscarded, crashImagesMounted, findings: findings.map(({ signature }) => signature) });
  if (executions === 0 || crashImagesMounted === 0) throw new Error("the campaign did nothing");
  if (executionsDiscarded !== 0) throw new Error("traces differ from memory");
'
