"""Mutants of dropout between the layers."""

from tests.support.mutants.mutant import mutant

MUTANTS = (mutant("dropout-missing-backward", "l2-drop0.5", passed_down=lambda net, layer, d: d),)
