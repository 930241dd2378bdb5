"""A record along time, drawn and in words."""

from __future__ import annotations

from pluvial.records.window import Window

WIDTH = 48
"""Characters that the boxes of all channels share by their lengths."""


def duration(seconds: int) -> str:
    """A time as 8 h, 35 min or 1 h 30 min."""
    hours, rest = divmod(seconds, 3600)
    parts = [f"{hours} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest / 60:g} min")
    return " ".join(parts)


def channel_ranges(window: Window, step: int) -> list[tuple[int, int]]:
    """Of each channel, oldest first, its half-open range in minutes from NOW.

    The frame of NOW is the rain from NOW to the next step: the newest channel ends after NOW.

    Args:
        window: the shape of a record.
        step: seconds from one rain frame to the next.
    """
    now = window.steps - 1
    return [((a - now) * step // 60, (b - now) * step // 60) for a, b in window.spans()]


def timeline(window: Window, step: int) -> list[str]:
    """A box for each channel, as wide as it is long where there is room, and the depth.

    ::

        rain     [6..........][3.....][2...][1.]   depth
        channel   0            1       2     3
                                              ^NOW ^NOW + 5 min
    """
    boxes, marks = "", ""
    for channel, steps in enumerate(reversed(window.channels)):
        marks = marks.ljust(len(boxes) + 1) + str(channel)
        width = max(len(f"{steps}"), len(f"{channel}"), round(steps * WIDTH / window.steps))
        boxes += f"[{f'{steps}'.ljust(width, '.')}]"
    arrows = f"{'^NOW':>{len(boxes) + 2}} ^NOW + {duration(window.lead * step)}"
    return [f"rain     {boxes}   depth", f"channel  {marks}", f"         {arrows}"]
