"""Diagnosis: why a subject differs. In: a subject and a configuration at which it differs.

Out: a Diagnosis, which has causes that the numbers prove, or facts about the first wrong array. An
Inquiry asks about probes. An Explainer searches the catalogue for mistakes that give the answers.
"""
