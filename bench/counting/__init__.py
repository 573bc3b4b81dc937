"""PivotMine's counting stage beside what a user would pick instead, on the same input.

    python -m bench.counting --help

`prepare` and `cut` make the input of all ways; `ours` and `rivals` are the ways (`ways` says what
one is, `roster` lists them), `child` the process in which one runs, and `race` runs them on inputs
of growing size, within limits. `answers` is what they must agree on, `sections` says which run on
which corpora, `results` are figures as JSON, and `page` is what is made of them.
"""
