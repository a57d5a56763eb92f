"""The one stream of events of a run, and what can be done with it."""

from workflows.events.stream import Event, EventStream, EventType, Handler, utc_now

__all__ = ["Event", "EventStream", "EventType", "Handler", "utc_now"]
