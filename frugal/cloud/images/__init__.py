"""Container images on this machine: built from a context, kept by digest."""

from frugal.cloud.images.dockerfile import BuildError
from frugal.cloud.images.images import Image, Images

__all__ = ["BuildError", "Image", "Images"]
