"""Schemas: their types, how they are parsed, measured, written canonically, fingerprinted and inferred."""
