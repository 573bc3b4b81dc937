"""PivotMine's counting stage beside what a user would pick instead, on the same input in one run.

    python -m bench.counting --help

========================  ========================================================================
`zipf`, `real`            corpora as rows of table `tokens`
`prepare`, `cut`          the input of every way: a lake's tables, and contexts already cut
`ways/`                   one way of counting a function; each runs in a process of its own
`child`, `race`           that process, and the one that watches it
`answers`                 what exact ways must agree on
`sections`                which ways meet on which corpora
`results`, `machine`      figures as JSON, and where they were measured
`tables`, `plot`          what a person reads
========================  ========================================================================
"""
