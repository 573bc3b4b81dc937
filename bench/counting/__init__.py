"""PivotMine's counting stage beside what a user would pick instead, on the same input.

    python -m bench.counting --help

`sections` makes the corpora (`zipf`, `lakes`), and `prepare` writes the inputs, cut by `cut`.
`race` runs the ways of counting (`ways`, `contenders`) on inputs of growing size, each in a process
of its own, and reads their `answers`. `results` stores the figures, and `page` shows them.
"""
