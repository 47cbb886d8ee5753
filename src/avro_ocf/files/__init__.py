"""Container files on disk and in binary file objects: the edge where bytes come from, and random sync markers too."""
