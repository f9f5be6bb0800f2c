"""Azure AI Translator's text translation, played on this machine, and the way to it."""

from frugal.cloud.translator.service import SIMULATED, Translator
from frugal.cloud.translator.tunnel import Tunnel

__all__ = ["SIMULATED", "Translator", "Tunnel"]
