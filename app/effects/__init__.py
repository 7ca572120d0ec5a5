"""What the ranking and the writing do to the reader: exposure, narrowing, the share of generated text."""
