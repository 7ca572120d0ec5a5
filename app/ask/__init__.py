"""Questions to the archive: passages that may hold the answer, a model's answer from them, and where it has it from.

Pure but for `retrieve` (reads the store) and `answering` (asks the model).
"""
