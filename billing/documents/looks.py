"""How a clinic looks on paper: its colour and its logo, whatever was typed for them."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

from reportlab.lib.utils import ImageReader

PLAIN_COLOUR = (0.0, 0.376, 0.478)
DARK_ENOUGH = 0.45
"""The luminance up to which a clinic's colour can be read on white; a lighter one is darkened."""

Colour = tuple[float, float, float]


def colour_of(text: str) -> Colour:
    """#00607a as shares of red, green and blue, dark enough to be read on white."""
    try:
        red, green, blue = (int(text[n : n + 2], 16) / 255 for n in (1, 3, 5))
    except ValueError:
        return PLAIN_COLOUR
    bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    darker = min(1.0, DARK_ENOUGH / bright) if bright else 1.0
    return red * darker, green * darker, blue * darker


def picture_of(logo: str) -> ImageReader | None:
    """The image of a data: address; None for none, or for what is no picture."""
    head, _, data = logo.partition(";base64,")
    if not head.startswith("data:image/"):
        return None
    try:
        return ImageReader(BytesIO(base64.b64decode(data, validate=True)))
    except (binascii.Error, OSError, ValueError):
        return None
