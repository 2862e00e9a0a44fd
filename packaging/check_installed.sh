#!/usr/bin/env bash
# check_installed.sh BUILD_DIR: installs into a folder and builds the examples from there, as C and as C++.
set -euo pipefail

there=$(mktemp -d "${TMPDIR:-/tmp}/lockq-installed.XXXXXX")
trap 'rm -rf "$there"' EXIT

DESTDIR=$there cmake --install "$1" >/dev/null
pc=$(find "$there" -name lockq.pc)
prefix=${pc%/lib*/pkgconfig/lockq.pc}
examples=$(dirname "$(find "$there" -name first.c)")
export PKG_CONFIG_PATH=${pc%/lockq.pc}
read -ra flags < <(pkg-config --define-variable=prefix="$prefix" --cflags --libs lockq libuv)

for example in "$examples"/*.c; do
    cc -std=gnu11 -Wall -Wextra -Werror "$example" "${flags[@]}" -o "$there/program"
done
command -v c++ >/dev/null || exit 0 # C++ is no part of the build
c++ -Wall -Wextra -Werror -x c++ "$examples/first.c" -x none "${flags[@]}" -o "$there/program"
