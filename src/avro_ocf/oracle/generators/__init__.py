"""Random schemas, values, encodings, evolved schemas, files and damage, each a plain function of a `Source`."""
