"""Skip and resume by content: what is known of a node that ran before, and where it is kept."""

from workflows.store.claims import Claim
from workflows.store.errors import NotStorable
from workflows.store.ewoks_layout import open_store
from workflows.store.ewoks_reading import load_uri
from workflows.store.store import ResultStore

__all__ = ["Claim", "NotStorable", "ResultStore", "load_uri", "open_store"]
