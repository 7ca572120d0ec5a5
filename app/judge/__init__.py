"""The language model beside the ranking: opinions of items by a reader's history, in a child process."""
