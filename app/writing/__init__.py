"""Drafts: what a model writes in the reader's taste and style, several candidates, ranked and varied."""
