# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Every public header compiles alone, in C and C++; only the umbrella may be included by others.

Usage: headers.py SOURCE-INCLUDE BUILD-INCLUDE HEADER... -- C-COMPILER...
"""

import os
import shlex
import shutil
import subprocess
import sys

import house

UMBRELLA = 'usher.h'
REFUSAL = 'Only <usher/usher.h> can be included directly.'
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wundef', '-Werror']


def glib_arguments():
    cflags = subprocess.check_output(['pkg-config', '--cflags', 'gio-2.0'], text=True)
    # GLib's headers are judged elsewhere.
    return ['-isystem' + flag[2:] if flag.startswith('-I') else flag
            for flag in shlex.split(cflags)]


def compile_header(compiler, arguments, header):
    """What the compiler says about a file that includes nothing but this header."""
    command = [*compiler, *arguments, '-fsyntax-only', '-']
    source = f'#include <usher/{header}>\ntypedef int something;\n'
    run = subprocess.run(command, input=source, capture_output=True, text=True)
    return None if run.returncode == 0 else run.stderr.rstrip()


def refusal(compiler, arguments, header):
    said = compile_header(compiler, arguments, header)
    if said is None:
        return [f'usher/{header} compiles although usher/{UMBRELLA} does not include it']
    return [] if REFUSAL in said else [f'expected "{REFUSAL}", got:\n{said}']


def language_cases(language, compiler, arguments, headers):
    cases = {}
    for header in headers:
        alone = [] if header == UMBRELLA else ['-DUSHER_COMPILATION']
        said = compile_header(compiler, [*arguments, *alone], header)
        cases[f'usher/{header} compiles alone in {language}'] = [said] if said else []
    return cases


def main():
    separator = sys.argv.index('--')
    include_dirs, headers = sys.argv[1:3], sorted(map(os.path.basename, sys.argv[3:separator]))
    cc = sys.argv[separator + 1:]
    common = [*WARNINGS, *('-I' + folder for folder in include_dirs), *glib_arguments()]

    c_arguments = ['-xc', '-std=c99', *common]
    cases = language_cases('C', cc, c_arguments, headers)
    cxx = next(filter(None, map(shutil.which, ('c++', 'g++', 'clang++'))), None)
    if cxx:
        cases.update(language_cases('C++', [cxx], ['-xc++', '-std=c++11', *common], headers))
    for header in headers:
        if header != UMBRELLA:
            cases[f'usher/{header} is refused alone'] = refusal(cc, c_arguments, header)
    house.finish(cases)


main()
