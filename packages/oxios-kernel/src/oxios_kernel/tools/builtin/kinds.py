"""What a file that is no text probably is, by its first bytes."""

__all__ = ["kind_of"]

_SIGNATURES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an office document)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xff\xfe", "a text in UTF-16"),
    (b"\xfe\xff", "a text in UTF-16"),
)


def kind_of(content: bytes) -> str:
    """Return what bytes probably are, as a noun with its article."""
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), "a binary file")
