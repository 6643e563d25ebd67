"""Fitting, calibration and validation of models. Needs the extra ``zixin[train]``; pure otherwise.

What the run time needs of a fitted model is data (``scoring/fitted_card.py``), not this package.
"""
