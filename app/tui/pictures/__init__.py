"""Pictures on the terminal: kitty, iTerm2 or half blocks."""
