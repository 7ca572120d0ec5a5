"""Papers: the names they are cited by, who cites whom in the archive, citations as BibTeX and Markdown. Pure."""
