"""Schema resolution: how the bytes of a writer's schema are read as a reader's values."""
