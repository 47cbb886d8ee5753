"""Object Container Files as bytes in, bytes out. No I/O, clock or randomness here."""
