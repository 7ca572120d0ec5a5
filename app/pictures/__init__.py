"""Pictures of items: fetched, decoded away from the screen, kept as small files within a budget."""
