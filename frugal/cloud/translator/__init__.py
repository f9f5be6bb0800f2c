"""Azure AI Translator's text translation, emulated on this machine, and the tunnel to it."""

from frugal.cloud.translator.service import SIMULATED, Translator
from frugal.cloud.translator.tunnel import Tunnel

__all__ = ["SIMULATED", "Translator", "Tunnel"]
