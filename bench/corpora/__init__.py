"""Corpora that are measured on.

zipf       synthetic rows of table `tokens`, of any size
files      JSON Lines of documents and a WARC of HTML pages
messages   aligned messages and sentences whose language is known
lakes      committed lakes of real text, and lakes made of files that exist
"""
