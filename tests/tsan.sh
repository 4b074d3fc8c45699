#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors
#
# Runs the tests that are written in C under ThreadSanitizer, against a GLib that was built for it:
# with the system's own, every lock of GLib would look like none. Needs Debian 12, and about five
# minutes for GLib, which is kept in the directory.

set -eu

usage="usage: ${0##*/} [DIRECTORY] [TEST…]

  DIRECTORY   where GLib and Usher are built and kept (_tsan)
  TEST        names as for meson test; all that are written in C if there is none"

case ${1-} in
  -h | --help) echo "$usage"; exit 0 ;;
  -*) echo "$usage" >&2; exit 2 ;;
esac

source_dir=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1:-_tsan}"
dir=$(CDPATH='' cd "${1:-_tsan}" && pwd)
[ $# -eq 0 ] || shift

as_root ()
{
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The sources, without a change to the machine's own package lists.
fetch_glib ()
{
  version=$(dpkg-query -W -f '${source:Version}' libglib2.0-0)
  mkdir -p "$dir/apt/parts" "$dir/apt/lists"
  cat > "$dir/apt/parts/src.sources" <<END
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
  apt="apt-get -q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$dir/apt/parts"
  apt="$apt -o Dir::State::lists=$dir/apt/lists -o APT::Sandbox::User=root"
  as_root apt-get install -y -q dpkg-dev libffi-dev libpcre2-dev zlib1g-dev
  as_root $apt update
  cd "$dir/apt"
  as_root $apt source --download-only "glib2.0=$version"
  as_root chown -R "$(id -u)" "$dir/apt"
  dpkg-source --skip-patches -x glib2.0_*.dsc "$dir/glib-source"
}

build_glib ()
{
  [ -d "$dir/glib-source" ] || fetch_glib
  meson setup "$dir/glib-build" "$dir/glib-source" --prefix "$dir/glib" --libdir lib \
    --buildtype debugoptimized -Db_sanitize=thread -Db_lundef=false -Dtests=false -Dnls=disabled \
    -Dlibmount=disabled -Dselinux=disabled
  meson install -C "$dir/glib-build" --quiet
}

[ -e "$dir/glib/lib/libglib-2.0.so" ] || build_glib

export PKG_CONFIG_PATH="$dir/glib/lib/pkgconfig" LD_LIBRARY_PATH="$dir/glib/lib"
export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$source_dir/tests/tsan.supp"
cd "$source_dir"
[ -e "$dir/usher/build.ninja" ] ||
  meson setup "$dir/usher" -Db_sanitize=thread -Db_lundef=false -Dintrospection=disabled \
    -Dvapi=disabled -Ddocs=disabled
ninja -C "$dir/usher"
if [ $# -gt 0 ]; then
  exec meson test -C "$dir/usher" --timeout-multiplier 10 --print-errorlogs "$@"
fi
exec meson test -C "$dir/usher" --timeout-multiplier 10 --print-errorlogs \
  --no-suite house --no-suite bench --no-suite bindings --no-suite examples
