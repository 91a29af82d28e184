"""A badge for a README: what a run came to, as a small SVG that needs no font and no network."""

from __future__ import annotations

from html import escape

from contracts.model import ExitStatus
from contracts.reports.view import ReportView

_LABEL = "access-profiles contract"
_WIDE = 6.6  # pixels of a character at this size; textLength makes up for other fonts
_COLOURS = {ExitStatus.CONFORMING: "#1a7f37", ExitStatus.FAILED: "#b3141d"}
_INCONCLUSIVE = "#7a4d00"


def text(view: ReportView) -> str:
    """The badge as an SVG document in ASCII; nothing that a deployment sent is in it."""
    said = {
        ExitStatus.CONFORMING: f"conforms, {view.counts['pass']} passed",
        ExitStatus.FAILED: f"{view.counts['fail'] or 'gate'} failed",
    }.get(view.exit_status, "inconclusive")
    return badge(said, view.exit_status)


def badge(said: str, status: int) -> str:
    """The badge that says this, in the colour of an exit status."""
    left, right = (round(len(part) * _WIDE) + 12 for part in (_LABEL, said))
    whole, colour = left + right, _COLOURS.get(status, _INCONCLUSIVE)
    title = escape(f"{_LABEL}: {said}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" '
        f'role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{whole}" height="20" rx="3"/></clipPath><g clip-path="url(#r)">'
        f'<rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(6, left - 12, _LABEL)}{_text(left + 6, right - 12, said)}</g></svg>\n"
    )


def _text(x: int, length: int, said: str) -> str:
    return f'<text x="{x}" y="14" textLength="{length}" lengthAdjust="spacingAndGlyphs">{escape(said)}</text>'
