# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright 2026 The Usher authors

"""docs/conformance.md has a row for each case of OTP's supervisor_SUITE, and names our tests."""

import re

import house

TEST = re.compile(r'`(/conformance/[^`]+)`')
CASE = re.compile(r'"(/conformance/[\w/-]+)"')
ADDED = re.compile(r'^  ADD \((\w+),', re.MULTILINE)
ROW = re.compile(r'^\| [\w-]+ \| `(\w+)` \| (.*) \|$', re.MULTILINE)
COVERED = re.compile(r'covers (\d+) of the (\d+)')
DECIDED = re.compile(r'`/conformance/|No meaning in C: ')
OPEN = re.compile(r'\b(to do|todo|not yet|later)\b', re.IGNORECASE)

# What supervisor_SUITE:all/0 runs.
OTP = """
    already_started_outside_supervisor child_adm child_adm_simple child_specs child_specs_map
    child_unlink code_change code_change_map code_change_simple code_change_simple_map
    count_children count_children_supervisor count_restarting_children
    do_not_save_child_specs_for_temporary_children
    do_not_save_start_parameters_for_temporary_children external_start_no_progress_log
    extra_return faulty_application_shutdown format_log_1 format_log_2 get_callback_module
    hanging_restart_loop hanging_restart_loop_rest_for_one hanging_restart_loop_simple
    multiple_restarts nonsignificant_temporary nonsignificant_transient one_for_all
    one_for_all_escalation one_for_all_other_child_fails_restart one_for_one
    one_for_one_escalation order_of_children permanent_abnormal permanent_normal
    permanent_shutdown rest_for_one rest_for_one_escalation
    rest_for_one_other_child_fails_restart scale_start_stop_many_children significant_bystander
    significant_escalation significant_simple significant_temporary significant_transient
    significant_upgrade_all_any significant_upgrade_all_never significant_upgrade_any_all
    significant_upgrade_any_never significant_upgrade_child significant_upgrade_never_all
    significant_upgrade_never_any simple_global_supervisor simple_one_for_one
    simple_one_for_one_corruption simple_one_for_one_escalation simple_one_for_one_extra
    simple_one_for_one_restart_ignore simple_one_for_one_scale_many_temporary_children
    simple_one_for_one_shutdown sup_flags sup_start_child_returns_error
    sup_start_child_returns_error_simple sup_start_error_return sup_start_fail
    sup_start_ignore_child sup_start_ignore_init
    sup_start_ignore_permanent_child_start_child_simple sup_start_ignore_temporary_child
    sup_start_ignore_temporary_child_start_child
    sup_start_ignore_temporary_child_start_child_simple sup_start_map sup_start_map_faulty_specs
    sup_start_map_simple sup_start_normal sup_start_restart_child_returns_error
    sup_stop_brutal_kill sup_stop_brutal_kill_dynamic sup_stop_infinity
    sup_stop_non_shutdown_exit_dynamic sup_stop_race sup_stop_timeout sup_stop_timeout_dynamic
    temporary_abnormal temporary_bystander temporary_normal temporary_shutdown
    transient_abnormal transient_normal transient_shutdown tree which_children
    which_children_simple_one_for_one
""".split()


def tests_of(source):
    text = source.read_text()
    return {f'/conformance/{source.stem}/{name}' for name in ADDED.findall(text)} | {
        path for path in CASE.findall(text) if not path.endswith('/')}


def main():
    table = (house.ROOT / 'docs' / 'conformance.md').read_text()
    sources = (house.ROOT / 'tests' / 'conformance').glob('*.c')
    named, exist = set(TEST.findall(table)), set().union(*map(tests_of, sources))
    rows = dict(ROW.findall(table))
    covered = [int(number) for number in COVERED.search(table).groups()]
    house.finish({
        'every test that the table names exists': sorted(named - exist),
        'every test is in the table': sorted(exist - named),
        'every case of OTP has a row, and there is no other': sorted(set(OTP) ^ set(rows)),
        'every case has one row': [] if len(ROW.findall(table)) == len(rows) else ['there are more'],
        'every row is decided': sorted(case for case, text in rows.items()
                                       if not DECIDED.search(text) or OPEN.search(text)),
        'the table counts its rows right':
            [] if covered == [len(rows), len(OTP)] else [f'it says {covered}, and has {len(rows)}'],
    })


main()
