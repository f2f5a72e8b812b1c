"""Why a subject differs. In go a subject and a configuration at which it differs.

Out comes a Diagnosis: causes that the numbers prove, or facts about the first wrong array. An
Inquiry asks about probes, an Explainer searches the catalogue for mistakes that give the answers.
"""
