"""Two texts, which is funnier to this reader: pairs to ask, and what is learned of them."""
