# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""clang-format leaves every C file as it is. Its versions differ, so only one of them judges."""

import re
import shutil
import subprocess

import house

VERSION = '14'


def find_clang_format():
    for program in (f'clang-format-{VERSION}', 'clang-format'):
        if shutil.which(program):
            said = subprocess.run([program, '--version'], capture_output=True, text=True).stdout
            if re.search(rf'version {VERSION}\.', said):
                return program
    return None


def main():
    program = find_clang_format()
    if program is None:
        house.skip(f'clang-format {VERSION} is not installed')

    files = house.files('.c', '.h')
    command = [program, '--dry-run', '-Werror', *map(house.name, files)]
    run = subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True)
    complaints = []
    if run.returncode != 0:
        bad = sorted(set(re.findall(r'^([^:\s]+):\d+:\d+: error', run.stderr, re.MULTILINE)))
        complaints = [run.stderr.rstrip(), 'mend it with: clang-format -i ' + ' '.join(bad)]
    house.finish({f'{len(files)} files are as clang-format leaves them': complaints})


main()
