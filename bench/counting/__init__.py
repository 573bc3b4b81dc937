"""PivotMine's counting stage beside what a user would pick instead, on the same input.

    python -m bench.counting --help

`sections` names the corpora, and `prepare` writes their inputs, cut by `cut`. `race` runs the ways
of counting (`contenders`, `ways`) on inputs of growing size within limits, each in a process of its
own (`child`), and compares their `answers`. `results` stores the figures, and `page` shows them.
"""
