"""The reader as a language model is told of them: carriers of a taste and a style, made again from the events."""
