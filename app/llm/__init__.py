"""A language model at hand: one seam over the judge's child process and OpenAI-compatible servers."""
