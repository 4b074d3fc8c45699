# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""A program finds Usher where it is installed, and as a subproject.

Usage: consumer.py BUILD-DIRECTORY PREFIX LIBDIR INSTALLED... -- C-COMPILER...
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import house

CONSUMER = house.ROOT / 'tests' / 'house' / 'consumer'
WRAP = '[wrap-file]\ndirectory = usher\n\n[provide]\ndependency_names = usher-1\n'


def run(*command, **environment):
    """Its output; or, if it fails, an exception that holds it."""
    ended = subprocess.run([*map(str, command)], env={**os.environ, **environment}, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{ended.stdout.rstrip()}")
    return ended.stdout.strip()


def expect_normal(said):
    return [] if said == 'normal' else [f'expected "normal", got "{said}"']


def move_prefix(pc_file, prefix):
    """Says where the files really are, below the staging directory."""
    text = re.sub(r'^prefix=.*', f'prefix={prefix}', pc_file.read_text(), flags=re.MULTILINE)
    pc_file.write_text(text)


def installed(root, installed_files):
    return [f'{path} is not installed' for path in installed_files
            if not (root / path.lstrip('/')).exists()]


def with_pkg_config(root, prefix, libdir, cc):
    staged = root / prefix.lstrip('/')
    pkg_config_dir = staged / libdir / 'pkgconfig'
    move_prefix(pkg_config_dir / 'usher-1.pc', staged)
    flags = run('pkg-config', '--cflags', '--libs', 'usher-1', PKG_CONFIG_PATH=str(pkg_config_dir))
    program = root / 'consumer'
    run(*cc, '-Wall', '-Werror', CONSUMER / 'consumer.c', '-o', program, *flags.split())
    return expect_normal(run(program, LD_LIBRARY_PATH=str(staged / libdir)))


def as_subproject(root):
    parent = root / 'parent'
    shutil.copytree(CONSUMER, parent)
    (parent / 'subprojects').mkdir()
    (parent / 'subprojects' / 'usher.wrap').write_text(WRAP)
    (parent / 'subprojects' / 'usher').symlink_to(house.ROOT)
    run('meson', 'setup', '-Dusher:introspection=disabled', parent / '_build', parent)
    run('ninja', '-j2', '-C', parent / '_build', 'consumer')
    return expect_normal(run(parent / '_build' / 'consumer'))


def outcome(check, *arguments):
    try:
        return check(*arguments)
    except RuntimeError as error:
        return [str(error)]


def main():
    separator = sys.argv.index('--')
    build, prefix, libdir, *installed_files = sys.argv[1:separator]
    cc = sys.argv[separator + 1:]
    with tempfile.TemporaryDirectory(prefix='usher-') as scratch:
        root = pathlib.Path(scratch)
        run('meson', 'install', '-C', build, '--no-rebuild', '--quiet', '--destdir', root)
        house.finish({
            'everything is installed': outcome(installed, root, installed_files),
            'pkg-config finds it': outcome(with_pkg_config, root, prefix, libdir, cc),
            'it is a subproject': outcome(as_subproject, root),
        })


main()
