"""The handful: the few configurations that a comparison without a configuration asks about."""

from parity.model.config import Config

HANDFUL = (Config(),)
