# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""Rounds: in each of them all that are compared are measured once, in random order."""

import random
import time

# Who took longer than that takes no part in further rounds.
PATIENCE_SECONDS = 30


def run(names, number, measure):
    """The samples of each name, the first round's first."""
    samples = {name: [] for name in names}
    spent = dict.fromkeys(names, 0)
    for _ in range(number):
        patient = [name for name in names if spent[name] < PATIENCE_SECONDS]
        for name in random.sample(patient, len(patient)):
            began = time.monotonic()
            samples[name].append(measure(name))
            spent[name] += time.monotonic() - began
    return samples
