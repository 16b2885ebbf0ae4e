#!/bin/sh
# Installs what building and testing apy needs on Debian 12. Idempotent; asks nothing.
# The one list of Debian packages: add a dependency here and in CMakeLists.txt.
set -eu

packages="
  build-essential cmake ninja-build
  re2c libboost-context1.81-dev libuv1-dev libgmp-dev libutf8proc-dev libpcre2-dev zlib1g-dev
  libbz2-dev liblzma-dev libexpat1-dev
  unicode-data
  doctest-dev
  ccache mold
  python3 clang-format clang-tidy
  clang-19 libclang-rt-19-dev
"

missing=""
for package in $packages; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root="sudo"
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends $missing
