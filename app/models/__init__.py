"""Model files: what is installed, pulled, chosen and verified."""
