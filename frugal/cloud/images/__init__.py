"""Container images on this machine: built from a context, stored by digest."""

from frugal.cloud.images.dockerfile import BuildError
from frugal.cloud.images.image import Image, repository_of
from frugal.cloud.images.images import Images

__all__ = ["BuildError", "Image", "Images", "repository_of"]
