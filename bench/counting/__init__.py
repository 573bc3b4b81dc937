"""PivotMine's counting stage beside what a user would pick instead, on the same input.

    python -m bench.counting --help

=======================  =========================================================================
`prepare`, `cut`         the input of all ways: tables of a lake, and contexts that are already cut
`ways`                   the ways of counting by name, and the process in which one of them runs
`ours`, `rivals`         the ways
`race`                   running ways on inputs of growing size, within limits
`answers`                what exact ways must agree on
`sections`               which ways run on which corpora
`results`, `page`        figures as JSON, and the page that is made of them
=======================  =========================================================================
"""
