"""Cases put to an implementation in another process, line by line, and what comes of them."""
