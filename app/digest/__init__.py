"""The digest: what you would have liked and missed in a day or a week.

`period`, `compose`, `because`, `markdown` and `feed` are pure; `making` reads the archive and asks the ranking.
"""
