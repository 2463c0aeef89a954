"""Text that is too long or not quite text, made fit for a model: cut between characters as a reader sees them, and free
of what cannot be written as UTF-8. Pure; the wrapper `limited.py` and the built-in tools call it."""

import unicodedata

__all__ = ["boundary", "clean", "cut_end", "cut_middle", "decode"]

_JOINER = "\u200d"
_MOST_JOINED = 64
"""How far back a boundary is looked for; longer chains are not characters of any script but an attack on readers."""


def clean(text: str) -> str:
    """Return a text in which halves of characters are joined where both are there, and `\ufffd` where not."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def decode(content: bytes) -> tuple[str, int]:
    """Return bytes as text, and how many places in it were no UTF-8 and are `\ufffd` now."""
    text = content.decode("utf-8", "replace")
    return text, text.count("\ufffd") - content.count("\ufffd".encode())


def boundary(text: str, at: int) -> int:
    """Return the last place at or before `at` where a text may be cut without parting a character.

    A character is what a reader takes for one: letter and accents, a Hangul syllable of several letters, an emoji with
    its skin tone, a family of emoji joined, a flag.

    Source: Unicode Standard Annex #29, the rules GB3, GB6-GB9a, GB11-GB13, with the general categories in place of the
    grapheme cluster tables.
    """
    at = max(0, min(at, len(text)))
    for place in range(at, max(at - _MOST_JOINED, 0), -1):
        if place == len(text) or not _joined(text, place):
            return place
    return at if at > _MOST_JOINED else 0


def cut_end(text: str, limit: int) -> str:
    """Return the beginning of a text, at most `limit` characters of it, with `…` in the place of the rest."""
    return text if len(text) <= limit else text[: boundary(text, limit - 1)] + "…"


def cut_middle(text: str, limit: int, notice: str) -> str:
    """Return beginning and end of a text with a notice on a line of its own between them.

    Args:
        text: the text.
        limit: how many characters may come out, the notice not counted.
        notice: what stands for the middle; `{count}` in it becomes the number of characters left out.
    """
    if len(text) <= limit:
        return text
    head = text[: boundary(text, limit // 2)]
    start = len(text) - (limit - limit // 2)
    while start < len(text) and boundary(text, start) != start:
        start += 1
    tail = text[start:]
    return f"{head}\n{notice.replace('{count}', str(len(text) - len(head) - len(tail)))}\n{tail}"


def _joined(text: str, place: int) -> bool:
    before, after = text[place - 1], text[place]
    if after == _JOINER or before == _JOINER or (before == "\r" and after == "\n"):
        return True
    if unicodedata.category(after) in ("Mn", "Me", "Mc") or _is_skin_tone(after):
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        run = place
        while run > 0 and place - run < _MOST_JOINED and _is_flag_half(text[run - 1]):
            run -= 1
        return (place - run) % 2 == 1
    # Hangul letters that join the syllable before them: vowels and final consonants.
    return "\u1160" <= after <= "\u11ff" and ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3")


def _is_skin_tone(letter: str) -> bool:
    return "\U0001f3fb" <= letter <= "\U0001f3ff"


def _is_flag_half(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"
