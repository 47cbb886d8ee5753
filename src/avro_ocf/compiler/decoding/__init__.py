"""The source of a plan's decoder, and what it calls.

`decode` writes it, one value after another. `texts` and `stream`, each an emitter on top of the one before, know faster ways for
short texts and for runs of integers. A decoder of many flat records asks `windows`, which learns from a sample and has `rows` write
a function for records like it; `columns` converts the tokens of these. `values` makes those of logical types.
"""
