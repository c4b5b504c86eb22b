"""Evaluation: measures of drawn sprites, and the likelihood bound on held-out ones.

A measure (:mod:`pxgen.evaluation.measure`) judges any set of drawn sprites and says beside it what
real sprites score. The command builds those that the model and the data allow and applies each to
every way of drawing that was asked for.
"""
