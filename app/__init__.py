"""penchant's application: store, ranking, worker and terminal screens."""

if not __name__.startswith("penchant."):
    raise ImportError("import this package as 'penchant.app'; a bare 'app' makes a second copy of every class")
